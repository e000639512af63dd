"""How every operation of the contract is called and answered, whatever the operation is."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from simulator.rest.records import RestWorld
from simulator.values import Body, Json

KEY_HEADER = "work-365-rest-provider-api-key"
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class RestCall:
    world: RestWorld
    path: Mapping[str, str]
    body: Body


@dataclass(frozen=True)
class RestReply:
    """Members are named in PascalCase here; how they are sent is a setting."""

    body: Json = None
    status: int = 200


@dataclass(eq=False)
class Declined(Exception):
    """A refusal in plain words."""

    status: int
    text: str


def operation(method: str, path: str, handler: Callable[[RestCall], RestReply]) -> Route:
    """Serve a handler to whoever has the key."""

    async def endpoint(request: Request) -> Response:
        world: RestWorld = request.app.state.world
        try:
            _admit(world, request)
            body = await _read(request)
            reply = handler(RestCall(world, request.path_params, body))
        except Declined as declined:
            return PlainTextResponse(declined.text, declined.status)
        return _response(world, reply)

    return Route(path, endpoint, methods=[method])


def _admit(world: RestWorld, request: Request) -> None:
    key = request.headers.get(KEY_HEADER)
    if key is None:
        raise Declined(403, "Unknown client!")
    if key != world.behaviour.api_key:
        raise Declined(403, "Invalid client!")


async def _read(request: Request) -> Body:
    if request.method != "POST":
        return Body({})
    body = Body.parse(await request.body())
    if body is None:
        raise Declined(400, "The request is not a JSON object.")
    return body


def _response(world: RestWorld, reply: RestReply) -> Response:
    if reply.status == 204:  # noqa: PLR2004 - the status that has no body
        return Response(None, 204)
    value = reply.body if world.behaviour.pascal_case else _camel_case(reply.body)
    content = json.dumps(value, ensure_ascii=False).encode()
    return Response(
        BOM + content if world.behaviour.bom else content,
        reply.status,
        media_type="application/json; charset=utf-8",
    )


def _camel_case(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name[:1].lower() + name[1:]: _camel_case(member) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_camel_case(cast("Json", member)) for member in value]
    return value
