"""What the API does: plain async functions over units of work."""
