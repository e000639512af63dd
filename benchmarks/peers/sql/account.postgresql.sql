-- $1: the id
SELECT id::text AS "rowId", name, status, domain, created_at AS "createdAt"
FROM accounts WHERE id = $1::text::uuid
