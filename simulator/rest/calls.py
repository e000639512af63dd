"""The operations of the contract."""

import secrets
from datetime import datetime
from uuid import uuid4

from starlette.routing import Route

from simulator.countries import Country, find_country
from simulator.rest.api import Declined, RestCall, RestReply, operation
from simulator.rest.records import (
    ADDRESS_MEMBERS,
    CONTACT_MEMBERS,
    TEXT_MEMBERS,
    UNSIGNED,
    Members,
    RestAgreement,
    RestCustomer,
    read_members,
    show_agreement,
    show_customer,
)
from simulator.values import Json

VALID, INVALID, UNKNOWN = 0, 1, 2


def routes() -> list[Route]:
    return [
        operation("GET", "/utilities/provider-properties", _properties),
        operation("GET", "/utilities/domain-check/{domain}", _is_domain_free),
        operation("POST", "/utilities/validate-address", _validate_address),
        operation("GET", "/countries/{code}/validation-rules", _country_rules),
        operation("GET", "/customers", _list_customers),
        operation("POST", "/customers", _create_customer),
        operation("GET", "/customers/{id}", _get_customer),
        operation("GET", "/customers/{id}/agreements", _list_agreements),
        operation("POST", "/agreements", _submit_agreement),
    ]


def _properties(call: RestCall) -> RestReply:
    behaviour = call.world.behaviour
    return RestReply(
        {
            "SupportsAgreementConfirmation": behaviour.supports_agreement_confirmation,
            "SupportsAddressVerification": behaviour.supports_address_verification,
            "SupportsCustomerCreation": behaviour.supports_customer_creation,
        }
    )


def _list_customers(call: RestCall) -> RestReply:
    null_names = call.world.behaviour.null_names
    return RestReply([show_customer(one, null_names=null_names) for one in call.world.customers.values()])


def _get_customer(call: RestCall) -> RestReply:
    customer = call.world.customers.get(call.path["id"])
    if customer is not None:
        return RestReply(show_customer(customer, null_names=call.world.behaviour.null_names))
    match call.world.behaviour.missing_customer:
        case "null":
            return RestReply(None)
        case "204":
            return RestReply(None, 204)
        case "404":
            raise Declined(404, "No such customer.")


def _create_customer(call: RestCall) -> RestReply:
    """Make a customer each time it is asked for; its first password is shown this once."""
    name = call.body.text("Name")
    if not call.world.behaviour.supports_customer_creation:
        raise Declined(400, "Customers cannot be created here.")
    if not name:
        raise Declined(400, "Please provide complete customer information")
    customer = RestCustomer(
        id=str(uuid4()),
        name=name,
        texts={member: call.body.text(member) or None for member in TEXT_MEMBERS},
        address=read_members(call.body.section("DefaultAddress"), ADDRESS_MEMBERS),
        contact=read_members(call.body.section("Contact"), CONTACT_MEMBERS),
        created_on=call.world.now(),
    )
    call.world.customers[customer.id] = customer
    shown = show_customer(customer, null_names=call.world.behaviour.null_names)
    user_name = f"admin@{customer.texts['Domain'] or customer.id}"
    credentials: Json = {"UserName": user_name, "Password": secrets.token_urlsafe(9)}
    return RestReply({**shown, "UserCredentials": credentials})


def _list_agreements(call: RestCall) -> RestReply:
    null_names = call.world.behaviour.null_names
    agreements = call.world.agreements_of(call.path["id"])
    return RestReply([show_agreement(one, null_names=null_names) for one in agreements])


def _submit_agreement(call: RestCall) -> RestReply:
    """Take an agreement each time it comes; whether its signature stands is a setting."""
    template_id, customer_id = call.body.text("TemplateId"), call.body.text("Customer", "Id")
    if not call.world.behaviour.supports_agreement_confirmation:
        raise Declined(400, "Agreements cannot be confirmed here.")
    if not template_id or not customer_id:
        raise Declined(400, "Please provide all details")
    if customer_id not in call.world.customers:
        raise Declined(400, "No such customer.")
    signed_by = read_members(call.body.section("SignedBy"), CONTACT_MEMBERS)
    signed_on = _signed_on(call.body.text("SignedOn"))
    if call.world.behaviour.signing == "asked":
        signed_by, signed_on = None, UNSIGNED
    agreement = RestAgreement(
        id=str(uuid4()),
        name=call.body.text("Name") or None,
        customer_id=customer_id,
        template_id=template_id,
        signed_by=signed_by,
        signed_on=signed_on,
        created_on=call.world.now(),
    )
    call.world.agreements[agreement.id] = agreement
    return RestReply(show_agreement(agreement, null_names=call.world.behaviour.null_names))


def _signed_on(text: str) -> str:
    if not text:
        return UNSIGNED
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise Declined(400, "SignedOn is not a date.") from error
    return text


def _is_domain_free(call: RestCall) -> RestReply:
    return RestReply(not call.world.is_domain_taken(call.path["domain"]))


def _validate_address(call: RestCall) -> RestReply:
    address = read_members(call.body, ADDRESS_MEMBERS) or dict.fromkeys(ADDRESS_MEMBERS)
    country = find_country((address["Country"] or "").upper())
    if not call.world.behaviour.supports_address_verification or country is None:
        status, message = UNKNOWN, "The address could not be validated."
    elif error := _address_error(country, address):
        status, message = INVALID, error
    else:
        status, message = VALID, ""
    return RestReply(
        {
            "OriginalAddress": address,
            "SuggestedAddresses": [address] if status == VALID else [],
            "ValidationMessage": message,
            "AddressValidationStatus": status,
        }
    )


def _address_error(country: Country, address: Members) -> str:
    if not address["AddressLine1"]:
        return "AddressLine1 is required."
    if not address["City"]:
        return "City is required."
    if country.states and address["RegionOrState"] not in country.states:
        return "RegionOrState is not one of the country's."
    if not country.takes_postal_code(address["PostalOrZipCode"] or ""):
        return "PostalOrZipCode is not one of the country's."
    return ""


def _country_rules(call: RestCall) -> RestReply:
    country = find_country(call.path["code"].upper())
    if country is None:
        raise Declined(400, "No rules for this country.")
    return RestReply(
        {
            "DefaultSupportedLanguage": country.cultures[0].split("-")[0],
            "DefaultCulture": country.cultures[0],
            "IsStateRequired": bool(country.states),
            "StateList": list(country.states),
            "IsCityRequired": True,
            "IsPostalCodeRequired": country.postal_code_regex is not None,
            "PostalCodeRegex": country.postal_code_regex or "",
            "PhoneNumberRegex": country.phone_number_regex or "",
            "IsTaxIdSupported": country.needs_registration_number,
            "IsTaxIdOptional": not country.needs_registration_number,
            "TaxIdFormat": country.registration_number_sample or "",
            "IsVatIdSupported": country.vat,
            "VatIdRegex": "",
        }
    )
