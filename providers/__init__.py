"""Clients of the outside: what a provider of cloud services can be asked."""
