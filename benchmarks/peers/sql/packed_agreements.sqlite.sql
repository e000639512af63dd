-- ?1: ids of accounts as JSON; ?2: how many rows at most of each
SELECT group_concat(cells) FROM (
  SELECT json_array(
    parent.key + 1, a.id, a.number, a.status, a.status_reason, a.executed_on, a.origin, a.revision,
    a.template_version, t.name, t.version, p.name
  ) AS cells
  FROM json_each(?1) AS parent
  JOIN agreements AS a ON a.rowid IN (
    SELECT rowid FROM agreements WHERE account_id = parent.value ORDER BY id LIMIT ?2
  )
  JOIN agreement_templates AS t ON t.id = a.template_id
  JOIN providers AS p ON p.id = a.provider_id
  ORDER BY parent.key, a.id
)
