"""The chart of a run: bars of requests a second, written as SVG."""

from collections.abc import Sequence
from html import escape

from benchmarks.contestants import OURS
from benchmarks.measure import Subject
from benchmarks.report import number, ranking

WIDTH = 800
_NAMES, _BARS = 210, 400  # widths of a row's parts, in pixels
_ROW, _BAR, _TITLE = 24, 16, 40  # heights
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; }
.ours { fill: #1f6feb; }
.peer { fill: #a8b3bf; }"""


def as_svg(subjects: Sequence[Subject]) -> str:
    """A panel for each load on each database, the quickest server first."""
    drawn: list[str] = []
    top = 8
    for kind in dict.fromkeys(each.database.kind for each in subjects):
        here = [each for each in subjects if each.database.kind == kind]
        for load in here[0].results:
            title = f"{load[0].upper()}{load[1:]}, {here[0].database.name}"
            drawn += _panel(top, f"{title}: requests/s (server CPU ms)", load, here)
            top += _TITLE + _ROW * len(ranking(here, load))
    ground = f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" role="img">'
    parts = [opening, "<title>Requests a second of each server</title>", f"<style>{_STYLE}</style>", ground]
    return "\n".join([*parts, *drawn, "</svg>", ""])


def _panel(top: int, title: str, load: str, subjects: Sequence[Subject]) -> list[str]:
    found = [
        (name, summary.requests_per_second if summary else 0.0, summary and summary.cpu_ms)
        for name, summary in ranking(subjects, load)
    ]
    most = found[0][1] or 1.0
    drawn = [f'<text class="title" x="8" y="{top + 24}">{escape(title)}</text>']
    for place, (name, per_second, cpu_ms) in enumerate(found):
        y = top + _TITLE + place * _ROW
        width = max(1, round(_BARS * per_second / most))
        kind = "ours" if name == OURS else "peer"
        said = f"{number(per_second)} ({number(cpu_ms)})" if per_second else "failed"
        drawn += [
            f'<text x="{_NAMES}" y="{y + 9}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{kind}" x="{_NAMES + 8}" y="{y - 4}" width="{width}" height="{_BAR}" rx="2"/>',
            f'<text x="{_NAMES + width + 16}" y="{y + 9}">{escape(said)}</text>',
        ]
    return drawn
