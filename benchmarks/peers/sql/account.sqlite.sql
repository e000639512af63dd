-- ?1: the id
SELECT id, name, status, domain, created_at FROM accounts WHERE id = ?1
