"""The sign-in page of the consent flow: pick a user, get a code."""

from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.pages import page
from simulator.partners import find_secret, find_user, list_users
from simulator.tokens import issue_authorization_code
from simulator.world import World


def routes() -> list[Route]:
    return [
        route
        for path in ("/{tenant}/oauth2/v2.0/authorize", "/{tenant}/oauth2/authorize")
        for route in (Route(path, _choose, methods=["GET"]), Route(path, _consent, methods=["POST"]))
    ]


async def _choose(request: Request) -> Response:
    world: World = request.app.state.world
    tenant, query = request.path_params["tenant"], request.query_params
    if find_secret(world.store, tenant, query.get("client_id", "")) is None:
        return page("Sign in", "<p>AADSTS700016: Application not found in the directory.</p>", status=400)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(query.get(name, ""))}">'
        for name in ("client_id", "redirect_uri", "state")
    )
    choices = "".join(
        f'<button type="submit" name="user" value="{user.object_id}">{escape(user.upn)}</button> '
        for user in list_users(world.store, tenant)
    )
    return page("Sign in", f'<form method="post">{hidden}<p>Continue as</p>{choices}</form>')


async def _consent(request: Request) -> Response:
    """Send the chosen user back to the application with a code, in the query whatever mode was asked for."""
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode(errors="replace")))
    client_id, redirect_uri = form.get("client_id", ""), form.get("redirect_uri", "")
    user = find_user(world.store, form.get("user", ""))
    known = find_secret(world.store, request.path_params["tenant"], client_id) is not None
    if user is None or not known or urlsplit(redirect_uri).scheme not in {"http", "https"}:
        return page("Sign in", "<p>AADSTS900144: The request is not complete.</p>", status=400)
    answer = {"code": issue_authorization_code(world, user, client_id), "state": form.get("state", "")}
    return RedirectResponse(f"{redirect_uri}?{urlencode(answer)}", 303)
