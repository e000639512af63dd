"""Entities: columns, invariants, state changes."""
