-- ?1: how many rows at most
SELECT id, name, status, domain, address_country, external_ref, created_at, revision
FROM accounts ORDER BY id LIMIT ?1
