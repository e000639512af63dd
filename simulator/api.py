"""How every operation of API v1 is called and answered, whatever the operation is."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.access import Access, Principal, authenticate, authorize
from simulator.customers import Customer, reach_customer
from simulator.errors import Refusal, invalid, throttled
from simulator.values import Body, Json
from simulator.world import World

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
            raise LookupError(f"no customer in {self.request.url.path}")
        return self.named_customer


@dataclass(frozen=True)
class Reply:
    status: int
    body: Json
    collection: bool = False


Handler = Callable[[Call], Reply]


def operation(method: str, path: str, handler: Handler, access: Access) -> Route:
    """Serve a handler below /v1, behind token checks, rate limit and replay of repeated writes."""

    async def endpoint(request: Request) -> Response:
        world: World = request.app.state.world
        content = await request.body()
        try:
            principal = authenticate(world, request.headers.get("authorization", ""))
            wait = _seconds_to_wait(world, principal.partner.tenant_id, request.url.path)
            if wait:
                body, headers = throttled(wait)
                return _response(request, Reply(429, body), headers)
            authorize(principal, access)
            customer = _customer(world, principal, request)
            reply = _once(
                world,
                principal.partner.tenant_id,
                request,
                content,
                lambda body: handler(Call(world, principal, request, body, customer)),
            )
        except Refusal as refusal:
            return _response(request, Reply(refusal.status, refusal.body()), dict(refusal.headers or {}))
        return _response(request, reply)

    return Route(f"/v1{path}", endpoint, methods=[method])


def _customer(world: World, principal: Principal, request: Request) -> Customer | None:
    customer_id: str | None = request.path_params.get("customer_id")
    return None if customer_id is None else reach_customer(world, principal.partner.tenant_id, customer_id)


def _once(
    world: World, tenant_id: str, request: Request, content: bytes, handle: Callable[[Body], Reply]
) -> Reply:
    """Run a handler, or give again what the same write was answered with before.

    A refusal is an answer too: the caller asks anew under a new id. What stopped the call before it came to
    its operation (token, rate, a customer not visible yet) is not remembered.
    """
    request_id = request.headers.get("ms-requestid", "").lower()
    key = (tenant_id, request.method, request.url.path, request_id)
    remembers = request.method == "POST" and bool(request_id)
    if remembers:
        row = world.store.row(
            "select status, body from replies where (tenant_id, method, path, request_id) = (?, ?, ?, ?)", key
        )
        if row is not None:
            return Reply(row["status"], json.loads(row["body"]))
    with world.store.transaction():
        try:
            reply = handle(_parse(request, content))
        except Refusal as refusal:
            reply = Reply(refusal.status, refusal.body())
        if remembers:
            remembered = (*key, reply.status, json.dumps(reply.body))
            world.store.write("insert into replies values (?, ?, ?, ?, ?, ?)", remembered)
    return reply


def _parse(request: Request, content: bytes) -> Body:
    if request.method != "POST":
        return Body({})
    body = Body.parse(content)
    if body is None:
        raise invalid("Invalid request input", code=800002)
    return body


def _seconds_to_wait(world: World, tenant_id: str, path: str) -> int:
    """Count a call on a customer path within its minute; calls made while throttled count too."""
    limit = world.behaviour.requests_per_minute
    if not limit or not path.startswith("/v1/customers"):
        return 0
    minute, second = divmod(int(world.now().timestamp()), 60)
    count = world.calls_by_minute.get((tenant_id, minute), 0) + 1
    if count == 1:
        world.calls_by_minute.pop((tenant_id, minute - 1), None)
    world.calls_by_minute[(tenant_id, minute)] = count
    return 60 - second if count > limit else 0


def _response(request: Request, reply: Reply, headers: dict[str, str] | None = None) -> Response:
    world: World = request.app.state.world
    content = b"" if reply.body is None else json.dumps(reply.body, ensure_ascii=False).encode()
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
            **(headers or {}),
        },
    )
