-- ?1: how many rows at most
SELECT group_concat(cells) FROM (
  SELECT json_array(id, name, status, domain, address_country, external_ref, created_at, revision) AS cells
  FROM accounts ORDER BY id LIMIT ?1
)
