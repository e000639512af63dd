"""What the console's forms do: each becomes one call of the admin interface."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Message

from simulator.backstage import comes_from_here
from simulator.default_partner import DefaultPartner
from simulator.markup import join, link, table, tag
from simulator.pages import page

Form = Mapping[str, str]
NUMBERS = ("status", "retryAfterSeconds", "times", "skip")


@dataclass(frozen=True)
class Action:
    """One call: `path` names members of the form, `body` makes the JSON."""

    method: str
    path: str
    body: Callable[[Form], object] | None = None


def _setting(form: Form) -> object:
    return {form["name"]: _json(form["value"])}


def _json(text: str) -> object:
    """Read a value; what is no JSON is a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fault(form: Form) -> object:
    numbers = {name: _json(form[name]) for name in NUMBERS if form.get(name)}
    action = {"kind": form["kind"]} | {
        name: numbers.pop(name) for name in ("status", "retryAfterSeconds") if name in numbers
    }
    return {"path": form["path"], "method": form.get("method") or None, "action": action, **numbers}


def _customer(form: Form) -> object:
    return [{"id": str(uuid4()), "companyName": form["companyName"], "domain": form["domain"]}]


def _subscription(form: Form) -> object:
    return [{"name": form["name"]} if form.get("name") else {}]


ACTIONS = {
    "accept": Action("POST", "/customers/{customer}/accept"),
    "clear-faults": Action("DELETE", "/faults"),
    "clock": Action("POST", "/clock", lambda form: {"advanceSeconds": _json(form["seconds"])}),
    "customer": Action("POST", "/partners/{partner}/customers", _customer),
    "expire": Action("POST", "/attestations/{attestation}/expire"),
    "fault": Action("POST", "/faults", _fault),
    "remove": Action("DELETE", "/partners/{partner}/customers/{customer}"),
    "setting": Action("PUT", "/settings", _setting),
    "subscription": Action("POST", "/partners/{partner}/customers/{customer}/subscriptions", _subscription),
}


def routes() -> list[Route]:
    return [
        Route("/console/do/partner", _add_partner, methods=["POST"]),
        Route("/console/do/{action}", _act, methods=["POST"]),
    ]


async def _act(request: Request) -> Response:
    form = await _form(request)
    action = ACTIONS.get(request.path_params["action"])
    if action is None or not comes_from_here(request):
        return _refused("There is no such action, or another site asked for it.")
    try:
        names = {name: quote(value, safe="") for name, value in form.items()}
        path, body = action.path.format(**names), action.body and action.body(form)
    except KeyError as error:
        return _refused(f"A field is missing: {error.args[0]}")
    status, answer = await _call(request, action.method, path, body)
    if status >= 400:  # noqa: PLR2004 - where the statuses of refusals begin
        return _refused(answer)
    back = form.get("back", "/")
    return RedirectResponse(back if back.startswith("/") and not back.startswith("//") else "/", 303)


async def _add_partner(request: Request) -> Response:
    """Add a partner, or come back to it, and show what its software has to know."""
    form = await _form(request)
    if not comes_from_here(request):
        return _refused("Another site asked for this.")
    partner = DefaultPartner(form.get("name") or "My partner")
    status, answer = await _call(request, "POST", "/partners", partner.model())
    if status >= 400:  # noqa: PLR2004 - where the statuses of refusals begin
        return _refused(answer)
    rows = [(name, tag("code", value)) for name, value in partner.credentials().items()]
    return page("Partner added", join(table(("What", "Value"), rows), link("/", "Back")))


async def _form(request: Request) -> Form:
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


async def _call(request: Request, method: str, path: str, body: object) -> tuple[int, str]:
    """Call the admin interface of this very application, and give its status and answer."""
    content = b"" if body is None else json.dumps(body).encode()
    status, answer = 500, b""

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, answer
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            answer += message.get("body", b"")

    scope = {
        **request.scope,
        "method": method,
        "path": f"/admin{path}",
        "raw_path": f"/admin{path}".encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await request.app(scope, receive, send)
    return status, answer.decode(errors="replace")


def _refused(text: str) -> Response:
    return page("That did not work", join(tag("p", text), link("/", "Back")), status=400)
