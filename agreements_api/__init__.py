"""The shell: settings, databases, the composition root and the command line."""
