"""`agreements provider login`: a partner user consents in a browser, or by a code on another machine."""

import asyncio
import re
import urllib.parse
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from support.program import Program, Run, Running
from support.simulator import SimulatedPartner, Simulator
from support.work import add

from agreements_api.errors import StartupError
from agreements_api.loopback import open_loopback

NAME = "Microsoft Partner Center"


@pytest.fixture
async def partner(simulator: Simulator, run: Run) -> SimulatedPartner:
    """Whose user has not consented yet."""
    partner = await simulator.add_partner()
    unconsented = replace(partner, refresh_token="")
    told = f"Stored. A partner user consents with: agreements provider login {NAME!r}\n"
    code, said = await asyncio.to_thread(add, run, simulator.url, unconsented)
    assert (code, said.endswith(told)) == (0, True)
    return partner


class Person:
    """Does in a browser what a person does; each page is a form."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def sign_in_here(self, login: Running, upn: str | None) -> str:
        """Sign in at the address that was shown, or decline; gives what the last page says."""
        address = await asyncio.to_thread(login.until, r"  (http\S+)\n")
        shown = await self._http.get(address.group(1))
        chosen = {"user": button(shown.text, upn)} if upn else {"decline": "1"}
        posting = await self._http.post(address.group(1), data=hidden(shown.text) | chosen)
        target = re.search(r'action="([^"]+)"', posting.text)
        assert target is not None
        stray = await self._http.post(target.group(1), data={"code": "stolen", "state": "guessed"})
        assert stray.status_code == 404
        return (await self._http.post(target.group(1), data=hidden(posting.text))).text

    async def sign_in_elsewhere(self, login: Running, upn: str) -> None:
        """Enter the code that was shown at the address that was shown."""
        found = await asyncio.to_thread(login.until, r"  (http\S+)\n  Code: (\S+)\n")
        address, code = found.groups()
        shown = await self._http.post(address, data={"code": code})
        await self._http.post(address, data={"code": code, "user": button(shown.text, upn)})


@pytest.fixture
async def person() -> AsyncIterator[Person]:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        yield Person(http)


def button(html: str, upn: str) -> str:
    found = re.search(rf'value="([^"]+)">{re.escape(upn)}<', html)
    assert found is not None, html
    return found.group(1)


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))


async def ended(login: Running) -> int:
    return await asyncio.to_thread(login.process.wait, 60)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_user_consents_in_a_browser(
    program: Program, run: Run, partner: SimulatedPartner, person: Person
) -> None:
    with program.start("provider", "login") as login:
        said = await person.sign_in_here(login, partner.upn)
        assert await ended(login) == 0, login.output

    assert "You have signed in." in said
    assert f"{partner.upn} has consented, with multi-factor authentication.\n" in login.output
    assert login.output.endswith(f"Stored. Try it with: agreements provider check {NAME!r}\n")
    assert "Warning" not in login.output
    checked = await asyncio.to_thread(run, "provider", "check")
    assert checked.returncode == 0, checked.stdout


async def test_a_user_consents_with_a_code_on_another_machine(
    program: Program, run: Run, partner: SimulatedPartner, person: Person, tmp_path: Path
) -> None:
    with program.start("provider", "login", "--device-code") as login:
        await person.sign_in_elsewhere(login, partner.upn)
        assert await ended(login) == 0, login.output

    assert f"{partner.upn} has consented, with multi-factor authentication.\n" in login.output
    token = re.compile(rb"0\.[\w-]{40}")  # as the simulator's are
    assert token.search(login.output.encode() + everything_in(tmp_path)) is None
    assert (await asyncio.to_thread(run, "provider", "check")).returncode == 0


@pytest.mark.parametrize(("options", "code"), [([], 1), (["--without-mfa"], 0)])
async def test_a_consent_without_a_second_factor_is_kept_only_when_that_is_wanted(  # noqa: PLR0913, PLR0917  # what it needs
    program: Program,
    run: Run,
    simulator: Simulator,
    partner: SimulatedPartner,
    person: Person,
    options: list[str],
    code: int,
) -> None:
    await simulator.change_user(partner, mfa=False)
    with program.start("provider", "login", "--device-code", *options) as login:
        await person.sign_in_elsewhere(login, partner.upn)
        assert await ended(login) == code, login.output

    kept = await asyncio.to_thread(run, "provider", "list")
    if code:
        assert "signed in without multi-factor authentication" in login.output
        assert "nobody has consented yet" in kept.stdout
    else:
        assert "has consented, without multi-factor authentication" in login.output
        assert "a user has consented" in kept.stdout


async def test_a_user_who_declines_is_told_to_sign_in_again(
    program: Program, partner: SimulatedPartner, person: Person
) -> None:
    assert partner.refresh_token
    with program.start("provider", "login") as login:
        said = await person.sign_in_here(login, None)
        assert await ended(login) == 1

    assert "The sign-in was not completed." in said
    assert login.output.splitlines()[-1] == (
        f"agreements: {NAME}: Microsoft Entra refused the sign-in (AADSTS65004)."
        " Sign in again, and accept what the application asks for."
    )


async def test_what_keeps_a_sign_in_from_beginning_is_told(run: Run, simulator: Simulator) -> None:
    partner = replace(await simulator.add_partner(), client_id="0f6a7a3c-0000-4000-8000-000000000002")
    await asyncio.to_thread(run, "migrate")
    unconfigured = await asyncio.to_thread(run, "provider", "login")
    by_hand = await asyncio.to_thread(run, "provider", "login", "Manual Provider")
    assert (await asyncio.to_thread(add, run, simulator.url, partner))[0] == 0
    unknown = await asyncio.to_thread(run, "provider", "login", "--device-code")

    assert "First: agreements provider add" in unconfigured.stderr
    assert "is not reached through Partner Center" in by_hand.stderr
    assert "AADSTS700016" in unknown.stderr
    assert (unconfigured.returncode, by_hand.returncode, unknown.returncode) == (1, 1, 1)


async def test_a_browser_may_come_back_with_a_query() -> None:
    async with open_loopback(0) as loopback, httpx.AsyncClient(trust_env=False) as http:
        waiting = asyncio.create_task(loopback.receive(lambda given: given.get("state") == "s"))
        address = loopback.redirect_uri.replace("localhost", "127.0.0.1")
        other = await http.get(f"{address}/favicon.ico")
        page = await http.get(f"{address}/?code=c&state=s")

        assert await waiting == {"code": "c", "state": "s"}
        assert (other.status_code, page.status_code) == (404, 200)
        taken = urllib.parse.urlsplit(address).port
        assert taken is not None
        with pytest.raises(StartupError, match=f"Cannot listen on port {taken}"):
            async with open_loopback(taken):
                pass
