-- $1: how many rows at most
SELECT id::text AS "rowId", name, status, domain, address_country AS "country", external_ref AS "externalRef",
       created_at AS "createdAt", revision
FROM accounts ORDER BY accounts.id LIMIT $1
