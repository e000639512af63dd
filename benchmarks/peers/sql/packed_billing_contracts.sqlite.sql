-- ?1: ids of agreements as JSON; ?2: how many rows at most of each
SELECT group_concat(cells) FROM (
  SELECT json_array(parent.key + 1, c.name) AS cells
  FROM json_each(?1) AS parent
  JOIN billing_contracts AS c ON c.id IN (
    SELECT billing_contract_id FROM agreement_tags
    WHERE agreement_id = parent.value ORDER BY billing_contract_id LIMIT ?2
  )
  ORDER BY parent.key, c.id
)
