"""How GraphQL is served well: bindings from types to models, batched reads, keyset pages."""
