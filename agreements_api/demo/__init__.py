"""The demo: the server with sample data on both sides, ours and a Partner Center simulator's."""
