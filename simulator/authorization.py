"""The sign-in page of the consent flow: pick a user, get a code."""

from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.pages import page
from simulator.partners import find_application, find_user, list_users
from simulator.tokens import Asked, issue_authorization_code
from simulator.world import World

KEPT = ("client_id", "redirect_uri", "state", "response_mode", "nonce", "code_challenge")
"""What the page hands on from the question to the answer."""


def routes() -> list[Route]:
    return [
        route
        for path in ("/{tenant}/oauth2/v2.0/authorize", "/{tenant}/oauth2/authorize")
        for route in (Route(path, _choose, methods=["GET"]), Route(path, _consent, methods=["POST"]))
    ]


async def _choose(request: Request) -> Response:
    world: World = request.app.state.world
    tenant, query = request.path_params["tenant"], request.query_params
    if find_application(world.store, tenant, query.get("client_id", "")) is None:
        return page("Sign in", "<p>AADSTS700016: Application not found in the directory.</p>", status=400)
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        return page("Sign in", "<p>AADSTS501491: The code challenge method is not supported.</p>", status=400)
    hidden = _hidden({name: query.get(name, "") for name in KEPT})
    choices = "".join(
        f'<button type="submit" name="user" value="{user.object_id}">{escape(user.upn)}</button> '
        for user in list_users(world.store, tenant)
    )
    cancel = '<p><button type="submit" name="decline" value="1">Cancel</button></p>'
    return page("Sign in", f'<form method="post">{hidden}<p>Continue as</p>{choices}{cancel}</form>')


async def _consent(request: Request) -> Response:
    """Send the chosen user back to the application with a code, in the way that it asked for."""
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode(errors="replace")))
    client_id, redirect_uri = form.get("client_id", ""), form.get("redirect_uri", "")
    known = find_application(world.store, request.path_params["tenant"], client_id) is not None
    if not known or urlsplit(redirect_uri).scheme not in {"http", "https"}:
        return _incomplete()
    answer = {"state": form.get("state", "")}
    if "decline" in form:
        answer |= {"error": "access_denied", "error_description": "AADSTS65004: User declined to consent."}
    else:
        user = find_user(world.store, form.get("user", ""))
        if user is None:
            return _incomplete()
        asked = Asked(form.get("code_challenge", ""), form.get("nonce", ""))
        answer["code"] = issue_authorization_code(world, user, client_id, asked)
    if form.get("response_mode") == "form_post":
        return _posting_page(redirect_uri, answer)
    return RedirectResponse(f"{redirect_uri}?{urlencode(answer)}", 303)


def _posting_page(redirect_uri: str, answer: dict[str, str]) -> Response:
    """Post the answer at the press of a button, where Microsoft's page does so by a script."""
    return page(
        "Sign in",
        f'<form method="post" action="{escape(redirect_uri)}">{_hidden(answer)}'
        '<button type="submit">Continue to the application</button></form>',
    )


def _incomplete() -> Response:
    return page("Sign in", "<p>AADSTS900144: The request is not complete.</p>", status=400)


def _hidden(values: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items()
    )
