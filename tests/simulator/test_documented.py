"""The simulators' document names all there is to choose and to call."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest
from starlette.routing import BaseRoute, Route

from simulator.app import create_app
from simulator.faults import FaultKind
from simulator.rest.app import create_app as create_rest_app
from simulator.rest.settings import RestSimulatorSettings
from simulator.settings import SimulatorSettings

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulator.md"
PARTNER_CENTER, REST = DOCUMENT.read_text(encoding="utf-8").split("## The REST provider")
BEFORE_FAULTS = PARTNER_CENTER.partition("## Faults")[0]


def documented_calls(text: str) -> set[tuple[str, str]]:
    """Read the first cells of tables: methods, then paths with names in braces."""
    found: set[tuple[str, str]] = set()
    for cell in re.findall(r"^\| (`(?:GET|POST|PUT|PATCH|DELETE).*?) \|", text, re.MULTILINE):
        words = re.findall(r"`(.*?)`", cell)
        path = next(word.partition("/")[2] for word in words if "/" in word and "…" not in word)
        methods = re.findall(r"GET|POST|PUT|PATCH|DELETE", cell)
        endings = [word.removeprefix("…/") for word in words if word.startswith("…")]
        paths = [path, *(f"{path.rpartition('/')[0]}/{ending}" for ending in endings)]
        found |= {(method, unnamed(f"/admin/{each}")) for method in methods for each in paths}
    return found


def unnamed(path: str) -> str:
    return re.sub(r"\{.*?\}", "{}", path)


def served_calls(routes: Sequence[BaseRoute]) -> set[tuple[str, str]]:
    return {
        (method, unnamed(route.path))
        for route in routes
        if isinstance(route, Route) and route.path.startswith("/admin/")
        for method in (route.methods or set()) - {"HEAD"}
    }


@pytest.mark.parametrize(
    ("text", "settings"), [(BEFORE_FAULTS, SimulatorSettings), (REST, RestSimulatorSettings)]
)
def test_every_setting_is_documented_and_no_other(text, settings):
    rows = re.findall(r"^\| ((?:`[a-z_0-9]+`(?:, )?)+) \|", text, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(.*?)`", row)}
    assert named == set(settings.model_fields)


def test_every_kind_of_fault_is_documented():
    assert [kind for kind in get_args(FaultKind) if f"`{kind}`" not in PARTNER_CENTER] == []


async def test_every_call_of_the_admin_interface_is_documented_and_no_other():
    simulator = create_app(SimulatorSettings())
    async with simulator.router.lifespan_context(simulator):  # its end closes the store
        assert documented_calls(PARTNER_CENTER) == served_calls(simulator.routes)
    shared = (
        "/admin/healthz",
        "/admin/settings",
        "/admin/faults",
        "/admin/requests",
        "/admin/clock",
        "/admin/reset",
    )
    served = served_calls(create_rest_app(RestSimulatorSettings()).routes)
    assert documented_calls(REST) == {call for call in served if call[1] not in shared}
