"""The customer operations: list, search, get and create."""

import secrets
from uuid import uuid4

from starlette.routing import Route

from simulator.access import ANYONE, SELLER, SELLING_USER
from simulator.api import Call, Reply, operation
from simulator.audit import actor_of, added, record, removed
from simulator.creation import read_new_customer
from simulator.customers import (
    Customer,
    billing_profile,
    customer_from,
    delete_customer,
    detail,
    newest_listed,
    save_customer,
    summary,
    unrelate,
)
from simulator.errors import invalid, refused_by_customer_service
from simulator.paging import TOKEN_HEADER, Place, Seek, collection, no_more_pages
from simulator.subscriptions import list_subscriptions
from simulator.values import Body, Json, without_nulls

EMPTY_MEMBERS = (
    "Id",
    "CommerceId",
    "CompanyProfile",
    "BillingProfile",
    "AllowDelegatedAccess",
    "UserCredentials",
    "CustomDomains",
    "AssociatedPartnerId",
)
SEARCH_COLUMNS = {"companyname": "company_name", "domain": "domain"}
LISTED = (
    "select relationships.position, customers.* from relationships"
    " join customers on customers.id = relationships.customer_id"
    " where tenant_id = :partner and (created_at is null or created_at <= :newest)"
)
PAGES = {
    # direction: (condition on the position, order); the position is bound as :after or :before
    "first": ("true", "asc"),
    "next": ("position > :after", "asc"),
    "previous": ("position < :before", "desc"),
    "last": ("true", "desc"),
}


def routes() -> list[Route]:
    return [
        operation("GET", "/customers", _list, ANYONE),
        operation("POST", "/customers", _create, SELLER),
        operation("GET", "/customers/relationshiprequests", _relationship_request, SELLING_USER),
        operation("GET", "/customers/{customer_id}", _get, ANYONE),
        operation("PATCH", "/customers/{customer_id}", _change, SELLING_USER),
        operation("DELETE", "/customers/{customer_id}", _delete, SELLER),
    ]


def _list(call: Call) -> Reply:
    behaviour, query = call.world.behaviour, dict(call.request.query_params)
    seek = Seek.parse(query, call.request.headers.get(TOKEN_HEADER), behaviour)
    condition, prefix = _filter(query.get("filter"))
    position, order = PAGES[seek.operation]
    rows = call.world.store.rows(
        f"{LISTED} and {condition} and {position} order by position {order} limit :limit",
        {
            "partner": call.partner_id,
            "newest": newest_listed(call.world),
            "prefix": prefix,
            "after": seek.place.last if seek.place else 0,
            "before": seek.place.first if seek.place else 0,
            "limit": seek.size + 1,
        },
    )
    page = rows[: seek.size]
    if order == "desc":
        page.reverse()
    if behaviour.end_with_400 and not page and seek.operation != "first":
        raise no_more_pages()
    place = Place(page[0]["position"], page[-1]["position"]) if page else None
    more = (
        (len(rows) > seek.size and order == "asc") or seek.operation == "previous" or behaviour.end_with_400
    )
    items = [summary(customer_from(row)) for row in page]
    return Reply(200, collection(items, query, place, behaviour, more=more), collection=True)


def _filter(text: str | None) -> tuple[str, str]:
    """Read a filter into a condition and its prefix; customers are searched by prefix only."""
    if text is None:
        return "true", ""
    body = Body.parse(text.encode())
    if body is None:
        raise invalid("The filter is not valid JSON.", code=800002)
    column = SEARCH_COLUMNS.get(body.text("field").lower())
    if column is None or body.text("operator").lower().replace("_", "") != "startswith":
        raise invalid("Customers are searched by the start of CompanyName or Domain.", code=800002)
    prefix = body.text("value").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{column} like :prefix escape '\\'", f"{prefix}%"


def _get(call: Call) -> Reply:
    return Reply(200, detail(call.customer))


def _change(call: Call) -> Reply:
    """End the relationship, the one change there is; the answer is of a back end that spells differently."""
    if call.body.text("relationshipToPartner").lower() != "none":
        raise invalid("Invalid property: relationshipToPartner")
    subscriptions = list_subscriptions(call.world.store, call.partner_id, call.customer.id, call.world.now())
    if any(subscription.status == "active" for subscription in subscriptions):
        raise invalid("The relationship cannot be removed while the customer has active subscriptions.")
    unrelate(call.world.store, call.partner_id, call.customer.id)
    record(call.world, call.partner_id, call.customer, removed(call.customer), actor_of(call))
    return Reply(
        200,
        {
            **dict.fromkeys(EMPTY_MEMBERS),
            "RelationshipToPartner": "none",
            "Attributes": {"ObjectType": "Customer"},
        },
    )


def _delete(call: Call) -> Reply:
    """Delete the tenant of a sandbox, and nobody else's."""
    if not call.principal.partner.sandbox:
        raise refused_by_customer_service(
            600006, "ActionNotAllowed", "The requested action is not allowed", status=403
        )
    delete_customer(call.world.store, call.customer.id)
    change = removed(call.customer, "delete_tip_customer")
    record(call.world, call.partner_id, call.customer, change, actor_of(call))
    return Reply(204, None)


def _create(call: Call) -> Reply:
    """Create a tenant and its first administrator, whose password is shown this once."""
    new = read_new_customer(call.world, call.principal, call.body)
    customer = Customer(
        id=str(uuid4()),
        commerce_id=str(uuid4()),
        domain=new.domain,
        company_name=new.company_name,
        country=new.country,
        email=new.email,
        culture=new.culture,
        language=new.language,
        address=new.address,
        registration_number=new.registration_number,
        associated_partner_id=new.associated_partner_id,
        created_at=call.world.now().timestamp(),
    )
    save_customer(call.world.store, call.partner_id, customer)
    record(call.world, call.partner_id, customer, added(customer), actor_of(call))
    profile: Json = without_nulls(
        {
            "tenantId": customer.id,
            "domain": customer.domain,
            "organizationRegistrationNumber": customer.registration_number,
            "attributes": {"objectType": "CustomerCompanyProfile"},
        }
    )
    answer: dict[str, Json] = {
        "id": customer.id,
        "commerceId": customer.commerce_id,
        "companyProfile": profile,
        "billingProfile": billing_profile(customer),
        "relationshipToPartner": "none" if new.associated_partner_id is None else "reseller",
        "userCredentials": {"userName": "admin", "password": secrets.token_urlsafe(9)},
        "associatedPartnerId": customer.associated_partner_id,
        "attributes": {"objectType": "Customer"},
    }
    return Reply(201, without_nulls(answer))


def _relationship_request(call: Call) -> Reply:
    """Give the partner's invitation, the same for every customer; it leads to our own admin centre."""
    url = (
        f"{str(call.request.base_url).rstrip('/')}/Adminportal/Home?invType=ResellerRelationship"
        f"&partnerId={call.partner_id}&msppId=0&DAP=false#/BillingAccounts/partner-invitation"
    )
    return Reply(200, {"url": url, "attributes": {"objectType": "RelationshipRequest"}})
