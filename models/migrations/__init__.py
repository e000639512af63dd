"""The schema's history, shipped inside the package so that an installed server can migrate itself."""

from pathlib import Path

script_location = str(Path(__file__).parent)


def revisions() -> list[str]:
    """The ids of all revisions, from the first to the newest.

    Read from the names of their files, which begin with it and are numbered: whoever only wants to know
    whether a database is of this version need not load Alembic for it.
    """
    return sorted(
        path.name.partition("_")[0] for path in Path(script_location, "versions").glob("[0-9]*_*.py")
    )
