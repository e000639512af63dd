-- $1: ids of agreements; $2: how many rows at most of each
SELECT parent.at::int AS "parentAt", c.name
FROM unnest($1::uuid[]) WITH ORDINALITY AS parent (id, at)
CROSS JOIN LATERAL (
  SELECT billing_contract_id FROM agreement_tags
  WHERE agreement_id = parent.id ORDER BY billing_contract_id LIMIT $2
) AS tag
JOIN billing_contracts AS c ON c.id = tag.billing_contract_id
ORDER BY parent.at, c.id
