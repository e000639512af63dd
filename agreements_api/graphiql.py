"""GraphiQL for people, from our own files: the page loads nothing from elsewhere and talks to nobody else."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

_STATIC = Path(__file__).parent / "static"
_DIST = _STATIC / "graphiql" / "dist"
# Installed from a wheel the documents lie beside the page; from a checkout they lie where people look.
_TOUR = (_STATIC / "tour", Path(__file__).parent.parent / "examples" / "tour")

# The editor writes its colours into style elements at run time, so styles cannot be limited to files.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self';"
    " font-src 'self'; img-src 'self' data:; worker-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_UNCHANGING = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
_MAY_CHANGE = {"cache-control": "no-cache"}
# Not the machine's own table: a browser refuses a script that it is given as text/plain.
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class TourDocument:
    """An example to open and run; `name` is what people read."""

    name: str
    query: str
    variables: dict[str, Any]


def graphiql_routes(tour: Sequence[TourDocument] | None = None) -> list[BaseRoute]:
    """Serve the page at /graphiql, which sends its operations to /graphql of the same origin."""
    documents = [asdict(each) for each in (read_tour() if tour is None else tour)]

    async def tour_json(_request: Request) -> Response:
        return JSONResponse(documents, headers=_HEADERS | _MAY_CHANGE)

    return [
        Route("/graphiql", graphiql_page),
        Route("/graphiql/tour.json", tour_json),
        Route("/graphiql/licenses.txt", _licenses),
        Route("/graphiql/assets/{name}", _asset),
    ]


def read_tour(folder: Path | None = None) -> list[TourDocument]:
    """Read `NN-name.graphql` and, where it takes any, `NN-name.variables.json`, in the order of their names.

    The first line, a comment, is the document's name. Without a folder there is no tour.

    Raises:
        ValueError: A document does not begin with a comment, or its variables are not a JSON object.
    """
    found = folder or next((each for each in _TOUR if each.is_dir()), None)
    return [] if found is None else [_read_document(path) for path in sorted(found.glob("*.graphql"))]


def _read_document(path: Path) -> TourDocument:
    query = path.read_text("utf-8")
    name = query.partition("\n")[0]
    if not name.startswith("#"):
        raise ValueError(f"{path.name} does not begin with a comment that names it")
    with_variables = path.with_suffix(".variables.json")
    variables: object = json.loads(with_variables.read_text("utf-8")) if with_variables.exists() else {}
    if not isinstance(variables, dict):
        raise ValueError(f"{with_variables.name} is not a JSON object")  # noqa: TRY004  # the file is at fault
    return TourDocument(name.lstrip("# ").rstrip(), query, cast("dict[str, Any]", variables))


async def graphiql_page(_request: Request) -> Response:
    """Answer with the page itself, wherever it is served."""
    return FileResponse(_DIST / "index.html", media_type="text/html", headers=_HEADERS | _MAY_CHANGE)


async def _licenses(_request: Request) -> Response:
    return FileResponse(_DIST / "LICENSES.txt", media_type="text/plain", headers=_HEADERS | _MAY_CHANGE)


async def _asset(request: Request) -> Response:
    """Answer with a file of the bundle; its name changes with its content."""
    path = _assets().get(request.path_params["name"])
    if path is None:
        raise HTTPException(404)
    headers = {**_HEADERS, **_UNCHANGING, "content-type": _MEDIA_TYPES[path.suffix]}
    if "gzip" in request.headers.get("accept-encoding", "") and path.suffix in (".css", ".js"):
        return Response(
            await to_thread.run_sync(_compressed, path), headers=headers | {"content-encoding": "gzip"}
        )
    return FileResponse(path, headers=headers)


@cache
def _assets() -> dict[str, Path]:
    """List what may be asked for; looking a name up here leaves no way to other files."""
    return {path.name: path for path in (_DIST / "assets").iterdir()}


@cache
def _compressed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)
