"""What a partner asks before it creates a customer: is the name free, the address good, what is required."""

from starlette.routing import Route

from simulator.access import ANYONE
from simulator.api import Call, Reply, operation
from simulator.countries import find_country, rules
from simulator.creation import check_address, read_address
from simulator.customers import is_domain_taken
from simulator.errors import Refusal, Shape, invalid
from simulator.values import Json


def routes() -> list[Route]:
    return [
        operation("HEAD", "/domains/{domain}", _domain, ANYONE),
        operation("POST", "/validations/address", _address, ANYONE),
        operation("GET", "/countryvalidationrules/{country}", _country_rules, ANYONE),
    ]


def _domain(call: Call) -> Reply:
    """Answer 200 for a name that is taken, 404 for one that is free."""
    if not is_domain_taken(call.world.store, call.request.path_params["domain"]):
        raise Refusal(404, 0, "", shape=Shape.EMPTY)
    return Reply(200, None)


def _address(call: Call) -> Reply:
    address, code = read_address(call.body), call.body.text("country")
    original: dict[str, Json] = {"country": code.upper(), **address}
    try:
        check_address(code, address)
    except Refusal as refusal:
        return Reply(
            200,
            {
                "originalAddress": original,
                "suggestedAddresses": [],
                "status": "None",
                "validationMessage": refusal.description,
            },
        )
    return Reply(
        200, {"originalAddress": original, "suggestedAddresses": [original], "status": "VerifiedShippable"}
    )


def _country_rules(call: Call) -> Reply:
    code = call.request.path_params["country"]
    country = find_country(code.upper())
    if country is None:
        raise invalid(f"No validation rules were found for the country/region {code}")
    return Reply(200, rules(country, wrapped=call.world.behaviour.country_rules_wrapped))
