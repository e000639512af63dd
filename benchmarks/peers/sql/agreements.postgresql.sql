-- $1: ids of accounts; $2: how many rows at most of each
-- OFFSET 0: the rows of all pages are joined once, and not those of each page by themselves.
SELECT a.at::int AS "parentAt", a.id::text AS "rowId", a.number, a.status, a.status_reason AS "statusReason",
       a.executed_on AS "executedOn", a.origin, a.revision, a.template_version AS "templateVersion",
       t.name AS "templateName", t.version AS "currentVersion", p.name AS "providerName"
FROM (
  SELECT parent.at, page.*
  FROM unnest($1::uuid[]) WITH ORDINALITY AS parent (id, at)
  CROSS JOIN LATERAL (
    SELECT id, number, status, status_reason, executed_on, origin, revision, template_version, template_id, provider_id
    FROM agreements WHERE account_id = parent.id ORDER BY agreements.id LIMIT $2
  ) AS page
  OFFSET 0
) AS a
JOIN agreement_templates AS t ON t.id = a.template_id
JOIN providers AS p ON p.id = a.provider_id
ORDER BY a.at, a.id
