"""The interface behind the scenes of the REST provider; the contract has nothing like it."""

from dataclasses import replace
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel, to_pascal
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.backstage import AdminCall, admin_route, missing, ok, stage_routes
from simulator.rest.records import UNSIGNED, Members, RestAgreement, RestCustomer, RestWorld
from simulator.rest.settings import RestBehaviour
from simulator.settings import from_wire

Call = AdminCall[RestWorld]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def members(self) -> Members:
        """Give the texts as they are named on the wire."""
        return {to_pascal(name): value for name, value in self.model_dump().items()}


class ContactModel(_Model):
    first_name: str | None = None
    last_name: str | None = None
    phone_number: str | None = None
    email: str | None = None


class AddressModel(_Model):
    address_line1: str | None = None
    address_line2: str | None = None
    city: str | None = None
    region_or_state: str | None = None
    postal_or_zip_code: str | None = None
    country: str | None = None


class CustomerModel(_Model):
    id: str = Field(min_length=1)
    name: str | None = None
    domain: str | None = None
    email: str | None = None
    language: str | None = None
    culture: str | None = None
    organization_registration_number: str | None = None
    default_address: AddressModel | None = None
    contact: ContactModel | None = None


class AgreementModel(_Model):
    """An agreement that is there already; without a signature it waits for one."""

    id: str = Field(default_factory=lambda: str(uuid4()))
    name: str | None = None
    customer_id: str
    template_id: str
    signed_by: ContactModel | None = None
    signed_on: str = UNSIGNED


class SignatureModel(_Model):
    signed_by: ContactModel
    signed_on: AwareDatetime | None = None


CUSTOMERS = TypeAdapter(list[CustomerModel])
AGREEMENTS = TypeAdapter(list[AgreementModel])


def routes() -> list[Route]:
    return [
        *stage_routes(),
        admin_route("GET", "/settings", _show_settings),
        admin_route("PUT", "/settings", _change_settings),
        admin_route("GET", "/customers", _show_customers),
        admin_route("POST", "/customers", _save_customers),
        admin_route("DELETE", "/customers/{id}", _delete_customer),
        admin_route("GET", "/agreements", _show_agreements),
        admin_route("POST", "/agreements", _save_agreements),
        admin_route("POST", "/agreements/{id}/sign", _sign),
        admin_route("DELETE", "/agreements/{id}", _delete_agreement),
    ]


def _show_settings(call: Call) -> Response:
    return JSONResponse(call.world.behaviour.as_wire())


def _change_settings(call: Call) -> Response:
    """Change the settings that are named; the others stay."""
    changes = from_wire(call.content)
    call.world.behaviour = RestBehaviour.model_validate(call.world.behaviour.model_dump() | changes)
    return JSONResponse(call.world.behaviour.as_wire())


def _show_customers(call: Call) -> Response:
    return JSONResponse(
        [
            {
                "id": customer.id,
                "name": customer.name,
                **_camel(customer.texts),
                "defaultAddress": _part(customer.address),
                "contact": _part(customer.contact),
                "createdOn": customer.created_on.isoformat(),
            }
            for customer in call.world.customers.values()
        ]
    )


def _save_customers(call: Call) -> Response:
    """Create or change customers."""
    models = CUSTOMERS.validate_json(call.content)
    for model in models:
        known = call.world.customers.get(model.id)
        call.world.customers[model.id] = RestCustomer(
            id=model.id,
            name=model.name,
            texts={
                "Email": model.email,
                "Language": model.language,
                "Culture": model.culture,
                "Domain": model.domain,
                "OrganizationRegistrationNumber": model.organization_registration_number,
            },
            address=None if model.default_address is None else model.default_address.members(),
            contact=None if model.contact is None else model.contact.members(),
            created_on=known.created_on if known else call.world.now(),
        )
    return ok(saved=len(models))


def _delete_customer(call: Call) -> Response:
    """Forget a customer and its agreements."""
    if call.world.customers.pop(call.path["id"], None) is None:
        return missing("customer")
    for agreement in call.world.agreements_of(call.path["id"]):
        del call.world.agreements[agreement.id]
    return ok(deleted=True)


def _show_agreements(call: Call) -> Response:
    return JSONResponse([_show_agreement(agreement) for agreement in call.world.agreements.values()])


def _save_agreements(call: Call) -> Response:
    """Create or change agreements of customers that are known."""
    models = AGREEMENTS.validate_json(call.content)
    if any(model.customer_id not in call.world.customers for model in models):
        return missing("customer")
    for model in models:
        known = call.world.agreements.get(model.id)
        call.world.agreements[model.id] = RestAgreement(
            id=model.id,
            name=model.name,
            customer_id=model.customer_id,
            template_id=model.template_id,
            signed_by=None if model.signed_by is None else model.signed_by.members(),
            signed_on=model.signed_on,
            created_on=known.created_on if known else call.world.now(),
        )
    return ok(saved=len(models))


def _sign(call: Call) -> Response:
    """Sign as the customer does that was asked to."""
    agreement = call.world.agreements.get(call.path["id"])
    if agreement is None:
        return missing("agreement")
    signature = SignatureModel.model_validate_json(call.content)
    signed_on = (signature.signed_on or call.world.now()).strftime("%Y-%m-%dT%H:%M:%S")
    signed = replace(agreement, signed_by=signature.signed_by.members(), signed_on=signed_on)
    call.world.agreements[agreement.id] = signed
    return JSONResponse(_show_agreement(signed))


def _delete_agreement(call: Call) -> Response:
    if call.world.agreements.pop(call.path["id"], None) is None:
        return missing("agreement")
    return ok(deleted=True)


def _show_agreement(agreement: RestAgreement) -> dict[str, object]:
    return {
        "id": agreement.id,
        "name": agreement.name,
        "customerId": agreement.customer_id,
        "templateId": agreement.template_id,
        "signedBy": _part(agreement.signed_by),
        "signedOn": agreement.signed_on,
        "createdOn": agreement.created_on.isoformat(),
    }


def _part(members: Members | None) -> Members | None:
    return None if members is None else _camel(members)


def _camel(members: Members) -> Members:
    return {name[:1].lower() + name[1:]: text for name, text in members.items()}
