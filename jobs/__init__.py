"""Durable workflows: the other door to the resolvers."""
