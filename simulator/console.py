"""The admin interface for a person: a page that shows what there is, with forms for what tests do by HTTP."""

import json
from typing import get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.agreements import list_confirmations
from simulator.attestations import STARTED, list_attestations
from simulator.customers import Customer, customer_from, find_customer
from simulator.faults import FaultKind, FaultRule
from simulator.markup import Html, choice, field, form, html, join, link, section, table, tag
from simulator.pages import page
from simulator.partners import Partner, find_partner, list_partners
from simulator.settings import Behaviour
from simulator.subscriptions import list_subscriptions
from simulator.values import guid, is_guid
from simulator.world import World

PAGE_SIZE = 50
SHOWN_REQUESTS = 50
FOUND = (
    "select customers.*, position from relationships join customers on customers.id = customer_id"
    " where tenant_id = :partner and position > :after"
    " and (company_name like :pattern escape '\\' or domain like :pattern escape '\\')"
    " order by position limit :limit"
)


def routes() -> list[Route]:
    return [
        Route("/", _home, methods=["GET"]),
        Route("/console/partners/{tenant_id}", _partner_page, methods=["GET"]),
        Route("/console/partners/{tenant_id}/customers/{customer_id}", _customer_page, methods=["GET"]),
    ]


async def _home(request: Request) -> Response:
    world: World = request.app.state.world
    return page(
        "Partner Center simulator",
        join(
            tag("p", "This server answers in place of Microsoft Partner Center, and talks to nobody else."),
            tag("p", link("/AdminPortal/Home?ref=/BillingAccounts/agreement", "Accept as a customer")),
            section("Partners", _partners(world), _new_partner()),
            section("Attestations", _attestations(world)),
            section("Faults", _faults(world)),
            section("Clock", _clock(world)),
            section("Latest requests", _requests(world)),
            section("Settings", _settings(world)),
        ),
    )


def _partners(world: World) -> Html:
    rows = [
        (
            link(f"/console/partners/{partner.tenant_id}", partner.name),
            partner.tenant_id,
            partner.kind + (", sandbox" if partner.sandbox else ""),
            _count(world, partner),
        )
        for partner in list_partners(world.store)
    ]
    return table(("Name", "Tenant", "Kind", "Customers"), rows)


def _count(world: World, partner: Partner) -> int:
    return world.store.count("select count(*) from relationships where tenant_id = ?", (partner.tenant_id,))


def _new_partner() -> Html:
    return form("/console/do/partner", "Add partner", {"back": "/"}, field("name", "Name", required=True))


def _attestations(world: World) -> Html:
    rows = [
        (
            each.company_name,
            f"{each.first_name} {each.last_name}, {each.email}",
            each.status_at(world.now()),
            link(f"/attestations/{each.id}", "The customer's page"),
            _expire(each.id) if each.status_at(world.now()) == STARTED else "",
        )
        for each in reversed(list_attestations(world.store)[-SHOWN_REQUESTS:])
    ]
    return table(("Company", "Signatory", "Status", "Page", ""), rows)


def _expire(attestation_id: str) -> Html:
    return form("/console/do/expire", "Let it expire", {"back": "/", "attestation": attestation_id})


def _faults(world: World) -> Html:
    rows = [(_fault_text(rule), rule.seen) for rule in world.faults]
    new = form(
        "/console/do/fault",
        "Add fault",
        {"back": "/"},
        field("path", "Path, a regular expression", "/agreements$", required=True),
        field("method", "Method, or empty for all"),
        choice("kind", "What happens", get_args(FaultKind)),
        field("status", "Status", kind="number"),
        field("retryAfterSeconds", "Retry-After, seconds", kind="number"),
        field("times", "Times", 1, kind="number"),
        field("skip", "After this many calls", 0, kind="number"),
    )
    clear = form("/console/do/clear-faults", "Clear faults", {"back": "/"})
    return join(table(("Rule", "Fitting calls"), rows), clear if rows else "", new)


def _fault_text(rule: FaultRule) -> Html:
    shown = rule.fault.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return tag("code", json.dumps(shown))


def _clock(world: World) -> Html:
    now = tag("p", join("It is ", tag("strong", world.now().strftime("%Y-%m-%d %H:%M:%S UTC")), "."))
    seconds = field("seconds", "Seconds", 3600, kind="number", required=True)
    return join(now, form("/console/do/clock", "Move forward", {"back": "/"}, seconds))


def _requests(world: World) -> Html:
    rows = [
        (
            entry.at.strftime("%H:%M:%S"),
            entry.method,
            entry.path + (f"?{entry.query}" if entry.query else ""),
            entry.status or "no answer",
            entry.fault,
        )
        for entry in reversed(world.journal.entries()[-SHOWN_REQUESTS:])
    ]
    return table(("At", "Method", "Path", "Status", "Fault"), rows)


def _settings(world: World) -> Html:
    descriptions = {name: known.description for name, known in Behaviour.model_fields.items()}
    rows = [
        (
            tag("code", name),
            form(
                "/console/do/setting",
                "Set",
                {"back": "/", "name": name},
                _value_field(name, value),
            ),
            descriptions[python_name] or "",
        )
        for python_name, (name, value) in zip(descriptions, world.behaviour.as_wire().items(), strict=True)
    ]
    return table(("Setting", "Value", "Meaning"), rows)


def _value_field(name: str, value: object) -> Html:
    text = value if isinstance(value, str) else json.dumps(value)
    return Html(f'<input name="value" aria-label="{html(name)}" value="{html(text)}">')


async def _partner_page(request: Request) -> Response:
    world: World = request.app.state.world
    partner = find_partner(world.store, request.path_params["tenant_id"])
    if partner is None:
        return page("No such partner", link("/", "Back"), status=404)
    here, search = f"/console/partners/{partner.tenant_id}", request.query_params.get("search", "")
    after = request.query_params.get("after", "0")
    pattern = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    bound = {
        "partner": partner.tenant_id,
        "pattern": f"%{pattern}%",
        "after": int(after) if after.isdecimal() else 0,
        "limit": PAGE_SIZE + 1,
    }
    found = world.store.rows(FOUND, bound)
    rows = [_customer_row(here, customer_from(row)) for row in found[:PAGE_SIZE]]
    more = Html("")
    if len(found) > PAGE_SIZE:
        last = found[PAGE_SIZE - 1]["position"]
        more = tag("p", _more(here, search, last))
    finder = Html(
        f'<form method="get" action="{here}">{field("search", "Name or domain", search)}'
        '<button type="submit">Search</button></form>'
    )
    new = form(
        "/console/do/customer",
        "Add customer",
        {"back": here, "partner": partner.tenant_id},
        field("companyName", "Company name", required=True),
        field("domain", "Domain", required=True),
    )
    listed = table(("Company", "Domain", "Id", "Accepted directly", ""), rows)
    return page(partner.name, join(link("/", "Back"), section("Customers", finder, listed, more, new)))


def _customer_row(here: str, customer: Customer) -> tuple[object, ...]:
    return (
        link(f"{here}/customers/{customer.id}", customer.company_name),
        customer.domain,
        customer.id,
        "yes" if customer.direct_signed else "no",
        "" if customer.direct_signed else _accept(here, customer),
    )


def _accept(back: str, customer: Customer) -> Html:
    return form("/console/do/accept", "Accept as the customer", {"back": back, "customer": customer.id})


def _more(here: str, search: str, last: int) -> Html:
    known = {"search": search, "after": str(last)}
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{html(value)}">' for name, value in known.items()
    )
    return Html(f'<form method="get" action="{here}">{fields}<button type="submit">Next page</button></form>')


async def _customer_page(request: Request) -> Response:
    world: World = request.app.state.world
    partner = find_partner(world.store, request.path_params["tenant_id"])
    customer_id = request.path_params["customer_id"]
    customer = find_customer(world.store, guid(customer_id)) if is_guid(customer_id) else None
    if partner is None or customer is None:
        return page("No such customer", link("/", "Back"), status=404)
    back = f"/console/partners/{partner.tenant_id}"
    here = f"{back}/customers/{customer.id}"
    agreements = [
        (
            confirmation.template_id,
            confirmation.agreed_at.date(),
            f"{person.first_name} {person.last_name}, {person.email}",
        )
        for confirmation in list_confirmations(world.store, partner.tenant_id, customer.id)
        for person in [confirmation.contact]
    ]
    subscriptions = [
        (each.friendly_name, each.quantity, each.status, "yes" if each.auto_renews else "no", each.id)
        for each in list_subscriptions(world.store, partner.tenant_id, customer.id, world.now())
    ]
    names = {"back": here, "partner": partner.tenant_id, "customer": customer.id}
    remove = form("/console/do/remove", "End the relationship", {**names, "back": back})
    direct = tag("p", "Accepted directly.") if customer.direct_signed else _accept(here, customer)
    return page(
        customer.company_name,
        join(
            link(back, "Back"),
            tag("p", f"{customer.domain}, {customer.id}"),
            section("Agreements", table(("Template", "Agreed on", "Contact"), agreements), direct),
            section(
                "Subscriptions",
                table(("Name", "Quantity", "Status", "Renews", "Id"), subscriptions),
                form("/console/do/subscription", "Add subscription", names, field("name", "Name")),
            ),
            section("Relationship", remove),
        ),
    )
