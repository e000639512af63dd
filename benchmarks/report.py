"""What a run has found, as a table to read and as JSON to compare."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.dataset import Sizes
from benchmarks.measure import Subject, Summary

_HEADER = """\
| database | load | requests/s | p50 ms | p99 ms | server CPU ms | answer |
|---|---|--:|--:|--:|--:|--:|"""


def conditions(sizes: Sizes, **options: object) -> Mapping[str, object]:
    """Say where, when and with what a run is made; call it before the run."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "load_before": _load(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "accounts": sizes.accounts,
        "agreements": sizes.agreements,
        "billing_contracts": sizes.billing_contracts,
        **options,
    }


def as_markdown(subjects: Sequence[Subject], conditions: Mapping[str, object]) -> str:
    said = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in conditions.items())
    rows = [
        _row(subject.database, name, result.summary())
        for subject in subjects
        for name, result in subject.results.items()
    ]
    memory = [
        f"Peak memory on {each.database}: {_number(each.server.peak_memory_mb())} MB." for each in subjects
    ]
    return "\n".join([said, "", _HEADER, *rows, "", *memory])


def as_json(subjects: Sequence[Subject], conditions: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "conditions": conditions,
        "servers": [
            {
                "database": subject.database,
                "peak_memory_mb": subject.server.peak_memory_mb(),
                "loads": {name: result.summary().as_json() for name, result in subject.results.items()},
            }
            for subject in subjects
        ],
    }


def _row(database: str, load: str, found: Summary) -> str:
    size = f"{found.answer_bytes / 1000:.1f} kB"
    numbers = (found.requests_per_second, found.p50_ms, found.p99_ms, found.cpu_ms)
    return f"| {database} | {load} | {' | '.join(map(_number, numbers))} | {size} |"


def _number(value: float | None) -> str:
    """Three significant digits: more would promise what a repetition does not keep."""
    if value is None:
        return "–"  # noqa: RUF001 -- a dash for what cannot be read here
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 -- three digits already


def _processor() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or "unknown processor"


def _load() -> str:
    """The load average of the last minute: with others at work every number is worse than it must be."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
