"""Queries for the write side, and the transaction."""
