"""Measures the server as its clients meet it: over HTTP, on both databases, with a data set of known size."""
