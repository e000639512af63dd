-- $1: the id; $2: the new name; $3: the name as it is compared
UPDATE accounts SET name = $2, name_fold = $3, updated_at = now(), updated_by = 'benchmark', revision = revision + 1
WHERE id = $1::text::uuid RETURNING id::text AS "rowId", name
