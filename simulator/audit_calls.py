"""What partners may ask of the audit log."""

from datetime import UTC, datetime, timedelta

from starlette.routing import Route

from simulator.access import ANYONE
from simulator.api import Call, Reply, operation
from simulator.audit import AuditRecord, find_record, record_from
from simulator.errors import invalid, not_found
from simulator.paging import TOKEN_HEADER, Place, Seek, collection, no_more_pages
from simulator.values import Body, Json, parse_instant, without_nulls

DEFAULT_DAYS = 30
KEPT_DAYS = 90
US_FORMATS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")
IN_RANGE = "select * from audit_records where tenant_id = :partner and at >= :start and at < :end"
FILTERS = {
    # field and operator: condition on the value
    ("companyname", "substring"): "instr(lower(customer_name), lower(:value)) > 0",
    ("customerid", "equals"): "customer_id = lower(:value)",
    ("resourcetype", "equals"): "replace(lower(resource_type), '_', '') = replace(lower(:value), '_', '')",
}


def routes() -> list[Route]:
    return [
        operation("GET", "/auditrecords", _list, ANYONE),
        operation("GET", "/auditrecords/{record_id}", _get, ANYONE),
    ]


def _list(call: Call) -> Reply:
    """Show the changes of a range of days, newest first."""
    behaviour, query = call.world.behaviour, dict(call.request.query_params)
    token = call.request.headers.get(TOKEN_HEADER)
    seek = Seek.parse({**query, "seekOperation": "next" if token else "first"}, token, behaviour)
    start, end = _range(call)
    condition, value = _filter(query.get("filter"))
    rows = call.world.store.rows(
        f"{IN_RANGE} and {condition} and {_onward(seek)} order by at desc, position desc limit :limit",
        {
            "partner": call.partner_id,
            "start": start.timestamp(),
            "end": end.timestamp(),
            "value": value,
            "last": seek.place.last if seek.place else 0,
            "limit": seek.size + 1,
        },
    )
    page = rows[: seek.size]
    if behaviour.end_with_400 and not page and token:
        raise no_more_pages()
    place = Place(page[0]["position"], page[-1]["position"]) if page else None
    more = len(rows) > seek.size or behaviour.end_with_400
    items = [_show(record_from(row)) for row in page]
    shown = collection(items, query, place, behaviour, more=more, path="/auditrecords")
    return Reply(200, shown, collection=True)


def _onward(seek: Seek) -> str:
    """Go on behind the last record of the page before, wherever new ones have come in meanwhile."""
    if seek.place is None:
        return "true"
    return (
        "at <= (select at from audit_records where position = :last)"
        " and (at, position) < ((select at from audit_records where position = :last), :last)"
    )


def _get(call: Call) -> Reply:
    known = find_record(call.world.store, call.partner_id, call.request.path_params["record_id"])
    if known is None:
        raise not_found("The audit record was not found.")
    return Reply(200, _show(known))


def _range(call: Call) -> tuple[datetime, datetime]:
    """Read the range; a day without time counts in full."""
    query, now = call.request.query_params, call.world.now()
    oldest = (now - timedelta(days=KEPT_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    start = now - timedelta(days=DEFAULT_DAYS)
    if text := query.get("startDate"):
        start = _instant(text, "startDate")
    end = now + timedelta(seconds=1)
    if text := query.get("endDate"):
        end = _instant(text, "endDate")
        if ":" not in text:
            end += timedelta(days=1)
    if start < oldest:
        raise invalid(f"The start date must be within the last {KEPT_DAYS} days.")
    if end <= start:
        raise invalid("The end date must not be before the start date.")
    return start, end


def _instant(text: str, name: str) -> datetime:
    instant = parse_instant(text.strip())
    if instant is not None:
        return instant
    for spelling in US_FORMATS:
        try:
            return datetime.strptime(text.strip(), spelling).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise invalid(f"Invalid property: {name}")


def _filter(text: str | None) -> tuple[str, str]:
    if text is None:
        return "true", ""
    body = Body.parse(text.encode())
    if body is None:
        raise invalid("The filter is not valid JSON.", code=800002)
    condition = FILTERS.get((body.text("field").lower(), body.text("operator").lower()))
    if condition is None:
        raise invalid(
            "Records are filtered by a part of CompanyName, by CustomerId or by ResourceType.", code=800002
        )
    return condition, body.text("value")


def _show(known: AuditRecord) -> Json:
    return without_nulls(
        {
            "id": known.id,
            "partnerId": known.partner_id,
            "participants": [],
            "customerId": known.customer_id,
            "customerName": known.customer_name,
            "userPrincipalName": known.user_name,
            "applicationId": known.application,
            "resourceType": known.resource_type,
            "resourceOldValue": known.old_value,
            "resourceNewValue": known.new_value,
            "operationType": known.operation,
            "originalCorrelationId": known.correlation_id,
            "operationDate": known.operation_date(),
            "operationStatus": "succeeded",
            "customizedData": [{"key": key, "value": value} for key, value in known.details.items()],
            "attributes": {"objectType": "AuditRecord"},
        }
    )
