"""What keeps a process from running jobs."""


class AlreadyRunning(Exception):
    """Another process runs the jobs of this database, and there can be only one; nothing was started."""
