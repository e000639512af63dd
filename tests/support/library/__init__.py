"""A small library of authors and books: what graph/ is tested with."""
