"""What a document asks for: how large it is, and what it costs."""
