-- ?1: the id; ?2: the new name; ?3: the name as it is compared; ?4: now
UPDATE accounts SET name = ?2, name_fold = ?3, updated_at = ?4, updated_by = 'benchmark', revision = revision + 1
WHERE id = ?1 RETURNING id, name
