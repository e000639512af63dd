"""Signing in on another device: the endpoint that hands out codes, and the page where a person enters one."""

from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.device_codes import INTERVAL_SECONDS, LIFETIME, DeviceSignIn
from simulator.login import LoginRefusal, check_application, origin, refused
from simulator.pages import page
from simulator.partners import find_user, list_users
from simulator.world import World

PAGE = "/devicelogin"
TITLE = "Sign in on another device"


def routes() -> list[Route]:
    return [
        *(
            Route(path, _begin, methods=["POST"])
            for path in ("/{tenant}/oauth2/v2.0/devicecode", "/{tenant}/oauth2/devicecode")
        ),
        Route(PAGE, _ask_for_code, methods=["GET"]),
        Route(PAGE, _answer, methods=["POST"]),
    ]


async def _begin(request: Request) -> Response:
    world: World = request.app.state.world
    form = await _form(request)
    try:
        partner = check_application(request, form.get("client_id", ""))
    except LoginRefusal as refusal:
        return refused(request, refusal)
    device_code, sign_in = world.device_sign_ins.begin(
        partner.tenant_id, form["client_id"], form.get("scope", "")
    )
    address = f"{origin(request)}{PAGE}"
    return JSONResponse(
        {
            "user_code": sign_in.user_code,
            "device_code": device_code,
            "verification_uri": address,
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": INTERVAL_SECONDS,
            "message": f"To sign in, use a web browser to open the page {address} and enter the code"
            f" {sign_in.user_code} to authenticate.",
        }
    )


async def _ask_for_code(_: Request) -> Response:
    return _code_page()


async def _answer(request: Request) -> Response:
    """Take the code alone, then the code with who signs in or that nobody does."""
    world: World = request.app.state.world
    form = await _form(request)
    sign_in = world.device_sign_ins.find(form.get("code", ""))
    if sign_in is None:
        return _code_page("That code didn't work. Check the code and try again.", 400)
    if "decline" in form:
        sign_in.declined = True
        return page(TITLE, "<p>You have declined. You may close this window.</p>")
    user = find_user(world.store, form.get("user", ""))
    if user is None or user.tenant_id != sign_in.tenant_id:
        return _choice_page(world, sign_in)
    sign_in.user = user
    return page(TITLE, f"<p>You have signed in as {escape(user.upn)}. You may close this window.</p>")


def _code_page(error: str = "", status: int = 200) -> Response:
    alert = f'<p class="error" id="error" role="alert">{escape(error)}</p>' if error else ""
    described = ' aria-invalid="true" aria-describedby="error"' if error else ""
    return page(
        TITLE,
        f'{alert}<form method="post" action="{PAGE}"><label for="code">Code shown by your app</label>'
        f'<input id="code" name="code" required autocomplete="off"{described}>'
        '<button type="submit">Next</button></form>',
        status=status,
    )


def _choice_page(world: World, sign_in: DeviceSignIn) -> Response:
    choices = "".join(
        f'<button type="submit" name="user" value="{user.object_id}">{escape(user.upn)}</button> '
        for user in list_users(world.store, sign_in.tenant_id)
    )
    return page(
        TITLE,
        f'<form method="post" action="{PAGE}"><input type="hidden" name="code" value="{sign_in.user_code}">'
        f"<p>The application {escape(sign_in.client_id)} asks to act for you. Continue as</p>{choices}"
        '<p><button type="submit" name="decline" value="1">Cancel</button></p></form>',
    )


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
