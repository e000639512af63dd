"""Drives a real Chromium by its DevTools protocol, and keeps what it complained about and asked for."""

import asyncio
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import websockets

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--window-size=1400,900", "--remote-debugging-port=0",
)  # fmt: skip


_NAVIGATED = "Inspected target navigated"


class _Navigated(AssertionError):
    """The page was left while the command ran."""


class Page:
    """One tab. `complaints` and `requested` grow while it lives."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.complaints: list[str] = []
        self.requested: list[str] = []
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        async for message in self._socket:
            event = json.loads(message)
            if "id" in event:
                self._answers.pop(event["id"]).set_result(event)
            else:
                self._note(event.get("method", ""), event["params"])

    def _note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.requested.append(params["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(params["exceptionDetails"])[:2000])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(f"console: {json.dumps(params['args'])[:2000]}")
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.complaints.append(f"log: {params['entry']['text']} {params['entry'].get('url', '')}")
            case _:
                pass

    async def send(self, method: str, **params: object) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        result = await asyncio.wait_for(answer, timeout=30)
        if _NAVIGATED in result.get("error", {}).get("message", ""):
            raise _Navigated(result)
        assert "error" not in result, result
        return result["result"]

    async def evaluate(self, expression: str) -> Any:
        """Give the value of a JavaScript expression; a promise is awaited."""
        result = await self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, expression: str, *, seconds: float = 30) -> Any:
        """Wait until a JavaScript expression is true, and give its value."""
        try:
            async with asyncio.timeout(seconds):
                while not (value := await self._seen(expression)):  # noqa: ASYNC110  # it is in another program
                    await asyncio.sleep(0.05)
        except TimeoutError:
            shown = await self.evaluate("document.body.innerText")
            raise AssertionError(f"never true: {expression}\n{self.complaints}\n{shown}") from None
        return value

    async def _seen(self, expression: str) -> Any:
        try:
            return await self.evaluate(expression)
        except _Navigated:  # between two pages nothing is true yet
            return None

    def hosts(self) -> set[str]:
        """Name everybody who was asked for something, this page's own data aside."""
        addresses = (urlsplit(url) for url in self.requested)
        return {address.netloc for address in addresses if address.scheme not in ("data", "blob")}


@asynccontextmanager
async def open_page(url: str) -> AsyncGenerator[Page]:
    """Start a browser of its own, show the page, and end the browser afterwards."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port = await _told(Path(profile) / "DevToolsActivePort")
            async with (
                websockets.connect(await _page_socket(port), max_size=None, proxy=None) as socket,
                asyncio.TaskGroup() as tasks,
            ):
                page = Page(socket)
                listening = tasks.create_task(page.listen())
                for domain in ("Page", "Network", "Runtime", "Log"):
                    await page.send(f"{domain}.enable")
                await page.send("Page.navigate", url=url)
                yield page
                listening.cancel()
        finally:
            process.terminate()
            await process.wait()


async def _told(file: Path) -> int:
    """Wait for the browser to write down which port it listens on."""
    for _ in range(600):
        lines = file.read_text().splitlines() if file.exists() else []  # noqa: ASYNC240  # a few bytes in /tmp
        if len(lines) > 1:
            return int(lines[0])
        await asyncio.sleep(0.05)
    raise AssertionError("Chromium did not start within 30 seconds")


async def _page_socket(port: int) -> str:

    async with httpx.AsyncClient(trust_env=False) as client:
        targets = (await client.get(f"http://127.0.0.1:{port}/json/list")).json()
    return next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page")
