"""The public contract: what the API says."""
