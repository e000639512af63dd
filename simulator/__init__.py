"""A local Partner Center with its own store, for tests, demos and partners without a sandbox."""
