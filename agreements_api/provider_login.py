"""Signs a partner user in at the terminal: in a browser that comes back here, or with a code elsewhere."""

import asyncio
import os
import sys
import webbrowser

from agreements_api.asking import patience
from agreements_api.errors import StartupError
from agreements_api.loopback import open_loopback
from agreements_api.saying import say
from providers.partner_center import Connection
from providers.partner_center.consent import Consent, SignIn

PATIENCE_SECONDS = 600


async def sign_in(connection: Connection, *, device_code: bool, port: int, open_browser: bool) -> Consent:
    """Have a person sign in, and give what came of it.

    Raises:
        StartupError: Nobody signed in for ten minutes, or the port is taken.
        ProviderError: Microsoft Entra refuses, or does not answer.
    """
    signing_in = SignIn(connection)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            if device_code:
                return await _elsewhere(signing_in)
            return await _here(signing_in, port=port, open_browser=open_browser)
    except TimeoutError:
        raise StartupError("Nobody signed in for ten minutes.", hint="Run the command again.") from None
    finally:
        signing_in.close()


async def _here(signing_in: SignIn, *, port: int, open_browser: bool) -> Consent:
    async with open_loopback(port) as loopback:
        address = await signing_in.begin_in_browser(loopback.redirect_uri)
        say("Sign in as the partner's service user, with a second factor, in a browser on this machine:")
        say(f"\n  {address}\n")
        if open_browser and _has_browser():
            await asyncio.to_thread(webbrowser.open, address)
        async with patience("Waiting for the sign-in (Ctrl-C gives up; --device-code uses another machine)"):
            answer = await loopback.receive(signing_in.is_answer)
    return await signing_in.finish_in_browser(answer)


async def _elsewhere(signing_in: SignIn) -> Consent:
    code = await signing_in.begin_on_device()
    say("Sign in as the partner's service user, with a second factor, in a browser on any machine:")
    say(f"\n  {code.url}\n  Code: {code.user_code}\n")
    async with patience("Waiting for the sign-in (Ctrl-C gives up)"):
        return await signing_in.finish_on_device()


def _has_browser() -> bool:
    """Tell whether a window can open; a browser in the terminal would hide what we say."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in {"darwin", "win32"} or any(
        os.environ.get(it) for it in ("DISPLAY", "WAYLAND_DISPLAY")
    )
