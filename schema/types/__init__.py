"""The types that clients read: each says what it shows of its model."""
