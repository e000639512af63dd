"""How every operation of API v1 is called and answered, whatever the operation is."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulator.access import Access, Principal, authenticate, authorize
from simulator.customers import Customer, reach_customer
from simulator.errors import LACKS_MFA, Refusal, invalid, throttled
from simulator.values import Body, Json
from simulator.world import World

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
READING_METHODS = frozenset({"GET", "HEAD"})
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Call:
    """One admitted request."""

    world: World
    principal: Principal
    request: Request
    body: Body
    named_customer: Customer | None

    @property
    def partner_id(self) -> str:
        return self.principal.partner.tenant_id

    @property
    def customer(self) -> Customer:
        """The customer in the path; asked for only by operations whose path has one."""
        if self.named_customer is None:
            raise LookupError(f"no customer in {self.request.scope['path']}")
        return self.named_customer


@dataclass(frozen=True)
class Reply:
    status: int
    body: Json
    collection: bool = False
    headers: Mapping[str, str] | None = None


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Operation:
    """A handler, and what is asked of those who call it; of some writes that depends on their body.

    As an ASGI application of its own it is spared the wrapping that a function gets for each call.
    """

    handler: Handler
    access: Access | Callable[[Body], Access]
    needs_body: bool = True

    def admit(self, principal: Principal, body: Body | None) -> None:
        access = self.access if isinstance(self.access, Access) else self.access(body or Body({}))
        authorize(principal, access)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        content = await request.body() if self.needs_body else b""
        await _answer(request, content, self)(scope, receive, send)


def operation(
    method: str,
    path: str,
    handler: Handler,
    access: Access | Callable[[Body], Access],
    *,
    needs_body: bool = True,
) -> Route:
    """Serve a handler below /v1, behind token checks, rate limit and replay of repeated writes."""
    served = Operation(handler, access, needs_body and method in BODY_METHODS)
    return Route(f"/v1{path}", served, methods=[method])


def _answer(request: Request, content: bytes, served: Operation) -> Response:
    world: World = request.app.state.world
    headers: dict[str, str] = {}
    try:
        principal = authenticate(world, request.headers.get("authorization", ""))
        headers = _mfa_report(request, principal.mfa)
        wait = _seconds_to_wait(world, principal.partner.tenant_id, request.scope["path"])
        if wait:
            body, more = throttled(wait)
            return _response(request, Reply(429, body), headers | more)
        reply = _serve(world, principal, request, content, served)
    except Refusal as refusal:
        headers |= refusal.headers or {}
        if refusal.code == LACKS_MFA:
            headers |= _mfa_report(request, mfa=False)
        return _response(request, Reply(refusal.status, _spelled(world, refusal.body())), headers)
    return _response(request, reply, headers)


def _serve(world: World, principal: Principal, request: Request, content: bytes, served: Operation) -> Reply:
    body = Body.parse(content) if served.needs_body else Body({})
    served.admit(principal, body)

    def handle() -> Reply:
        if body is None:
            raise invalid("Invalid request input", code=800002)
        return served.handler(Call(world, principal, request, body, customer))

    key = _key(principal, request)
    remembered = None if key is None else _remembered(world, key)
    if remembered is not None:
        return remembered
    customer = _customer(world, principal, request)
    if request.method in READING_METHODS:
        return handle()
    with world.store.transaction():
        return handle() if key is None else _once(world, key, handle)


def _spelled(world: World, body: Json) -> Json:
    """Give an error's code as text where the service is set to: its back ends do not agree."""
    if world.behaviour.error_codes_as_text and isinstance(body, Mapping):
        return {**body, "code": str(body["code"])}
    return body


def _mfa_report(request: Request, mfa: bool | None) -> dict[str, str]:  # noqa: FBT001 - a finding, no switch
    """Tell whether the user signed in with MFA, if there is a user and that was asked."""
    if mfa is None or request.headers.get("validatemfa", "").lower() != "true":
        return {}
    return {"isMfaCompliant": str(mfa).lower()}


def _customer(world: World, principal: Principal, request: Request) -> Customer | None:
    customer_id: str | None = request.path_params.get("customer_id")
    return None if customer_id is None else reach_customer(world, principal.partner.tenant_id, customer_id)


Key = tuple[str, str, str, str]


def _key(principal: Principal, request: Request) -> Key | None:
    """Name a write that is not to be executed twice; nothing for a reading call, or one without an id."""
    request_id = request.headers.get("ms-requestid", "").lower()
    if request.method not in BODY_METHODS or not request_id:
        return None
    return principal.partner.tenant_id, request.method, request.scope["path"], request_id


def _remembered(world: World, key: Key) -> Reply | None:
    """Give again what the same write was answered with before.

    A refusal is an answer too: the caller asks anew under a new id. What stopped the call before it came to
    its operation (token, rate, a customer not visible yet) is not remembered.
    """
    row = world.store.row(
        "select status, body, headers from replies"
        " where (tenant_id, method, path, request_id) = (?, ?, ?, ?)",
        key,
    )
    if row is None:
        return None
    return Reply(row["status"], json.loads(row["body"]), headers=json.loads(row["headers"]))


def _once(world: World, key: Key, handle: Callable[[], Reply]) -> Reply:
    """Run a handler, and remember its answer beside what it wrote."""
    try:
        reply = handle()
    except Refusal as refusal:
        reply = Reply(refusal.status, _spelled(world, refusal.body()))
    answer = (reply.status, json.dumps(reply.body), json.dumps(dict(reply.headers or {})))
    world.store.write("insert into replies values (?, ?, ?, ?, ?, ?, ?)", (*key, *answer))
    return reply


def _seconds_to_wait(world: World, tenant_id: str, path: str) -> int:
    """Count a call on a customer path, and say how long to wait if it is one too many."""
    behaviour = world.behaviour
    if not behaviour.requests_per_minute or not path.startswith("/v1/customers"):
        return 0
    now = world.now().timestamp()
    return world.throttle.count(tenant_id, now, behaviour.requests_per_minute, behaviour.throttle_window)


def _response(request: Request, reply: Reply, headers: Mapping[str, str]) -> Response:
    world: World = request.app.state.world
    content = b"" if reply.body is None else orjson.dumps(reply.body)
    if reply.collection and world.behaviour.bom:
        content = BOM + content
    sent = request.headers
    return Response(
        content,
        reply.status,
        {
            "MS-RequestId": sent.get("ms-requestid") or str(uuid4()),
            "MS-CorrelationId": sent.get("ms-correlationid") or str(uuid4()),
            "MS-CV": f"{secrets.token_urlsafe(12)}.0",
            "MS-ServerId": "202010223",
            "X-Locale": sent.get("x-locale") or "en-US",
            "Content-Type": "application/json; charset=utf-8",
            **(reply.headers or {}),
            **headers,
        },
    )
