"""How a partner says where it wants to be told of changes, and tries it."""

from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.access import SELLER
from simulator.api import Call, Handler, Reply, operation
from simulator.authority import signer
from simulator.courier import Delivery
from simulator.errors import Refusal, invalid, not_found
from simulator.values import Json
from simulator.webhooks import (
    CERTIFICATE_PATH,
    EVENTS,
    Event,
    Registration,
    find_registration,
    notify,
    save_registration,
)
from simulator.world import World

VALIDATIONS_PER_MINUTE = 2
TEST = Event("test-created", "test", "/v1/webhooks/registration/test")


def routes() -> list[Route]:
    return [
        _operation("GET", "/registration/events", _events),
        _operation("GET", "/registration", _show),
        _operation("POST", "/registration", _register),
        _operation("PUT", "/registration", _change),
        _operation("POST", "/registration/validationEvents", _validate, needs_body=False),
        _operation("GET", "/registration/validationEvents/{correlation_id}", _validation),
        Route(CERTIFICATE_PATH, _certificate, methods=["GET"]),
    ]


def _operation(method: str, path: str, handler: Handler, *, needs_body: bool = True) -> Route:
    """Serve a handler below /webhooks/v1."""
    served = operation(method, path, handler, SELLER, needs_body=needs_body)
    return Route(f"/webhooks{served.path}", served.endpoint, methods=[method])


def _events(_: Call) -> Reply:
    return Reply(200, list(EVENTS))


def _show(call: Call) -> Reply:
    registration = _registration(call)
    return Reply(200, {"WebhookUrl": registration.url, "WebhookEvents": list(registration.events)})


def _register(call: Call) -> Reply:
    if find_registration(call.world.store, call.partner_id) is not None:
        raise Refusal(409, 409, "A webhook registration exists already.")
    return _save(call, str(uuid4()))


def _change(call: Call) -> Reply:
    return _save(call, _registration(call).subscriber_id)


def _save(call: Call, subscriber_id: str) -> Reply:
    url, events = call.body.text("webhookUrl"), call.body.texts("webhookEvents")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise invalid("Invalid property: WebhookUrl")
    if not events or not set(events) <= set(EVENTS):
        raise invalid("Invalid property: WebhookEvents")
    registration = Registration(
        tenant_id=call.partner_id,
        subscriber_id=subscriber_id,
        url=url,
        events=events,
        origin=str(call.request.base_url).rstrip("/"),
        plain_authorization=not call.body.flag("signatureTokenToMsSignatureHeader"),
    )
    save_registration(call.world.store, registration)
    return Reply(
        200, {"SubscriberId": subscriber_id, "WebhookUrl": url, "WebhookEvents": list(registration.events)}
    )


def _validate(call: Call) -> Reply:
    """Send a test message; its outcome is asked for with the id that is given."""
    registration = _registration(call)
    if TEST.name not in registration.events:
        raise invalid("The event test-created is not registered.")
    minute = int(call.world.now().timestamp()) // 60
    recent = [sent for sent in _tests(call) if int(sent.sent_at) // 60 == minute]
    if len(recent) >= VALIDATIONS_PER_MINUTE:
        raise Refusal(429, 429, "Rate limit is exceeded. Try again later.", headers={"Retry-After": "60"})
    delivery = notify(call.world, call.partner_id, TEST)
    if delivery is None:
        raise not_found("There is no webhook registration.")
    return Reply(200, {"correlationId": delivery.id})


def _validation(call: Call) -> Reply:
    correlation_id = call.request.path_params["correlation_id"].lower()
    delivery = next((sent for sent in _tests(call) if sent.id == correlation_id), None)
    if delivery is None:
        raise not_found("The validation event was not found.")
    at = datetime.fromtimestamp(delivery.sent_at, UTC)
    return Reply(
        200,
        {
            "correlationId": delivery.id,
            "partnerId": call.partner_id,
            "status": "completed" if delivery.done else "inprogress",
            "callbackUrl": delivery.url,
            "results": [_result(result, at) for result in delivery.results],
        },
    )


def _result(result: int | str, at: datetime) -> Json:
    is_status = isinstance(result, int)
    return {
        "responseCode": HTTPStatus(result).phrase.replace(" ", "") if is_status else "",
        "responseMessage": "" if is_status else result,
        "systemError": not is_status,
        "dateTimeUtc": f"{at:%Y-%m-%dT%H:%M:%S.%f}0",
    }


def _tests(call: Call) -> list[Delivery]:
    deliveries = call.world.courier.deliveries(call.partner_id)
    return [delivery for delivery in deliveries if delivery.event == TEST.name]


def _registration(call: Call) -> Registration:
    registration = find_registration(call.world.store, call.partner_id)
    if registration is None:
        raise not_found("There is no webhook registration.")
    return registration


async def _certificate(request: Request) -> Response:
    world: World = request.app.state.world
    return Response(signer(world.store).certificate, media_type="application/pkix-cert")
