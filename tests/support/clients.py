"""What GraphQL clients find on the server that they are tried with, and what their scripts tell of it."""

import json
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from support.api import gid_of
from support.factories import MANUAL_PROVIDER
from support.node import CLIENTS, run_script, run_tool
from support.program import Running
from support.work import ended, start_bulk

DOCUMENT = """query Page($account: ID!, $first: Int!) {
  account(id: $account) {
    name
    agreements(first: $first, orderBy: [{ field: NAME }]) { totalCount edges { node { name } } }
  }
}"""
"""Known to the server from the start; no client has its text."""
DOCUMENT_ID = sha256(DOCUMENT.encode()).hexdigest()


@dataclass(frozen=True)
class Compiled:
    """What relay-compiler made of the Relay app: artifacts with texts, and artifacts with ids.

    Attributes:
        said: What it said; empty where all went well.
        documents: By id, what the artifacts with ids stand for.
    """

    folder: Path
    said: str
    documents: dict[str, str]


def compile_relay(folder: Path, sdl: Path) -> Compiled:
    """Compile once with texts, into `sent`, and once with ids, into `kept`."""
    for name in ("src", "sent", "kept"):
        (folder / name).mkdir()
    shutil.copy(CLIENTS / "apps" / "relay" / "app.js", folder / "src")
    shutil.copy(sdl, folder)
    kept = folder / "documents.json"
    kept.write_text("{}")
    said = _compile(folder, sdl.name, "sent")
    said += _compile(
        folder, sdl.name, "kept", persistConfig={"file": f"./{kept.name}", "algorithm": "SHA256"}
    )
    return Compiled(folder, said, json.loads(kept.read_text()))


def _compile(folder: Path, sdl: str, to: str, **more: object) -> str:
    config = {
        "src": "./src",
        "schema": f"./{sdl}",
        "language": "javascript",
        "eagerEsModules": False,
        "artifactDirectory": f"./{to}",
        **more,
    }
    (folder / f"{to}.json").write_text(json.dumps(config))
    ended = run_tool("relay-compiler/cli.js", f"{to}.json", cwd=folder)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


@dataclass
class Clients:
    """The scripts in tests/clients/apps; each is run once, with `given`."""

    given: dict[str, str]
    _reports: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=dict[str, dict[str, dict[str, Any]]]
    )

    def report(self, client: str) -> dict[str, dict[str, Any]]:
        """By feature: what came of it as `value`, or why it failed as `error`."""
        if client not in self._reports:
            # urql takes documents by id in production only: in development it wants to see their kind.
            script = CLIENTS / "apps" / f"{client}.mjs"
            self._reports[client] = run_script(script, self.given, NODE_ENV="production")
        return self._reports[client]


async def make_rows(server: Running) -> dict[str, str]:
    """Make Contoso with five agreements, and a job that ends; gives ids."""
    job = await start_bulk(server)
    made = await _done(
        server, "createAccount", "account { id }", name="Contoso Ltd", domain="contoso.example"
    )
    account = made["account"]["id"]
    agreements: list[str] = []
    templates: list[str] = []
    for number in range(1, 6):
        made = await _done(
            server, "createAgreementTemplate", "agreementTemplate { id }",
            providerId=gid_of("Provider", MANUAL_PROVIDER), name=f"Terms {number}", templateId=str(number),
        )  # fmt: skip
        templates.append(made["agreementTemplate"]["id"])
        made = await _done(
            server, "createAgreement", "agreement { id }",
            accountId=account, agreementTemplateId=templates[-1], name=f"Contract {number}",
        )  # fmt: skip
        agreements.append(made["agreement"]["id"])
    assert await ended(server, job) == "SUCCEEDED"
    return {"account": account, "agreement": agreements[0], "template": templates[0], "job": job}


async def _done(server: Running, mutation: str, selection: str, /, **input: object) -> dict[str, Any]:
    name = mutation[0].upper() + mutation[1:]
    answer: Any = await server.ask(
        f"mutation ($input: {name}Input!) {{ {mutation}(input: $input)"
        f" {{ {selection} userErrors {{ code field message }} }} }}",
        input=input,
    )
    assert answer[mutation]["userErrors"] == []
    return answer[mutation]


def as_given(server: Running, rows: dict[str, str], compiled: Compiled) -> dict[str, str]:
    """All that a script is told."""
    return {
        **rows,
        "url": f"{server.url}/graphql",
        "socket": f"{server.url.replace('http', 'ws', 1)}/graphql",
        "document": DOCUMENT_ID,
        "compiled": str(compiled.folder),
    }
