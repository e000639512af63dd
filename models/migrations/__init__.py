"""The schema's history, shipped inside the package so that an installed server can migrate itself."""

from pathlib import Path

script_location = str(Path(__file__).parent)
