"""What a partner may ask about itself and its partners."""

from uuid import NAMESPACE_URL, uuid5

from starlette.routing import Route

from simulator.access import ANY_PARTNERS_USER
from simulator.api import Call, Reply, operation
from simulator.errors import invalid
from simulator.partners import Partner, find_partner, list_resellers
from simulator.values import Json

PROVIDER_OF = "is_indirect_cloud_solution_provider_of"
RESELLER_OF = "is_indirect_reseller_of"
RELATIONSHIP_TYPES = {name.replace("_", ""): name for name in (PROVIDER_OF, RESELLER_OF)}


def routes() -> list[Route]:
    return [
        operation("GET", "/profiles/organization", _organization, ANY_PARTNERS_USER),
        operation("GET", "/relationships", _relationships, ANY_PARTNERS_USER),
    ]


def _organization(call: Call) -> Reply:
    partner = call.principal.partner
    etag = str(int.from_bytes(uuid5(NAMESPACE_URL, f"{partner}").bytes[:8], signed=True))
    return Reply(
        200,
        {
            "id": partner.tenant_id,
            "companyName": partner.name,
            "defaultAddress": {
                "country": partner.country,
                "city": "Redmond",
                "addressLine1": "1 Partner Way",
                "addressLine2": "",
                "postalCode": "98052",
                "firstName": "Test",
                "lastName": "Account",
                "phoneNumber": "",
            },
            "tenantId": partner.tenant_id,
            "domain": partner.domain,
            "email": f"partner@{partner.domain}",
            "language": "en",
            "culture": "en-US",
            "profileType": "OrganizationProfile",
            "links": {"self": {"uri": "/profiles/organization", "method": "GET", "headers": []}},
            "attributes": {"etag": etag, "objectType": "OrganizationProfile"},
        },
    )


def _relationships(call: Call) -> Reply:
    """List the other side of the partner's indirect business: its resellers, or its providers."""
    asked = call.request.query_params.get("relationship_type", "").lower().replace("_", "")
    if asked not in RELATIONSHIP_TYPES:
        raise invalid("The relationship type is not valid.", code=800002)
    partner, store = call.principal.partner, call.world.store
    kind = RELATIONSHIP_TYPES[asked]
    if kind == PROVIDER_OF:
        found = list_resellers(store, partner.tenant_id)
    else:
        found = [find_partner(store, each) for each in sorted(partner.indirect_providers)]
    items = [_relationship(other, kind) for other in found if other is not None]
    body: Json = {"totalCount": len(items), "items": items, "attributes": {"objectType": "Collection"}}
    return Reply(200, body, collection=True)


def _relationship(other: Partner, kind: str) -> Json:
    return {
        "id": other.tenant_id,
        "name": other.name,
        "relationshipType": kind,
        "state": "Active",
        "mpnId": str(int(other.tenant_id[:6], 16) + 1_000_000),
        "location": other.country,
        "attributes": {"objectType": "PartnerRelationship"},
    }
