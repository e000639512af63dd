"""Servers of other makes over the same database: what ours is measured beside."""
