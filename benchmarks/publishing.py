"""Puts the tables of a run into the README beside this file, and its chart."""

from pathlib import Path

from benchmarks.chart import as_svg
from benchmarks.report import Report

README = Path(__file__).with_name("README.md")
CHART = Path(__file__).with_name("chart.svg")
BEGIN = "<!-- written by `python -m benchmarks --publish` -->"
END = "<!-- up to here -->"


def publish(report: Report) -> None:
    """Replace what the last published run wrote."""
    CHART.write_text(as_svg(report.subjects), "utf-8")
    README.write_text(with_tables(README.read_text("utf-8"), report.as_markdown()), "utf-8")


def with_tables(readme: str, tables: str) -> str:
    """The README with other tables between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    chart = f"![Requests a second of each server]({CHART.name})"
    return f"{before}{BEGIN}\n\n{chart}\n\n{tables}\n\n{END}{after}"
