"""Customers at Partner Center: found, checked, created, invited and let go."""

from collections.abc import AsyncIterator, Sequence
from json import dumps
from urllib.parse import quote

from providers.base import Address, CreatedCustomer, Customer, NewCustomer, Problem, ProblemCode
from providers.errors import AdministratorNeeded, CustomerNotVisible, InputRefused
from providers.partner_center import wire
from providers.partner_center.connection import Connection
from providers.partner_center.paging import page_of
from providers.partner_center.refusals import NOT_OURS, Absent, Meaning
from providers.partner_center.rules import (
    CountryRules,
    address_problem,
    country_rules,
    iso_country,
    problems,
)
from providers.partner_center.session import Actor, Call, Session
from providers.record import Record

OF_CUSTOMER = Meaning(missing=CustomerNotVisible)
MAYBE_ABSENT = Meaning(missing=Absent)


class Customers:
    """What is asked and done as the application about customers, as the partner user about relationships."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self._session = session
        self._page_size = connection.page_size

    async def all(self) -> AsyncIterator[Sequence[Customer]]:
        pages = Call(path="/customers", read=page_of(wire.customer), params={"size": str(self._page_size)})
        async for customers in self._session.pages(pages):
            yield customers

    async def find(self, domain: str) -> Customer | None:
        """Find by the whole domain; the service itself looks at the beginning only."""
        search = dumps({"Field": "Domain", "Value": domain, "Operator": "starts_with"})
        pages = Call(path="/customers", read=page_of(wire.customer), params={"size": "0", "filter": search})
        async for customers in self._session.pages(pages):
            for customer in customers:
                if customer.domain is not None and customer.domain.casefold() == domain.casefold():
                    return customer
        return None

    async def get(self, customer_id: str) -> Customer | None:
        call = Call(path=of_customer(customer_id), read=wire.customer, meaning=OF_CUSTOMER)
        try:
            return await self._session.send(call)
        except CustomerNotVisible:
            return None
        except (AdministratorNeeded, InputRefused) as error:
            if error.provider_code in NOT_OURS:
                return None
            raise

    async def company(self, customer_id: str) -> wire.Company:
        """Read what Partner Center knows of the customer's company.

        Raises:
            CustomerNotVisible: The customer cannot be read, or not yet.
        """
        call = Call(path=of_customer(customer_id), read=wire.company, meaning=OF_CUSTOMER)
        return await self._session.send(call)

    async def is_domain_available(self, domain: str) -> bool:
        call = Call(method="HEAD", path=f"/domains/{quote(domain, safe='')}", read=bool, meaning=MAYBE_ABSENT)
        try:
            await self._session.send(call)
        except Absent:
            return True
        return False

    async def problems(self, new: NewCustomer) -> AsyncIterator[Problem]:
        """Ask as little as possible: an address that breaks a rule is not looked up as well."""
        if not new.domain:
            yield _problem(ProblemCode.DOMAIN_REQUIRED, "Partner Center needs a domain.", "domain")
        elif (told := await self._against_domain(new.domain)) is not None:
            yield _problem(ProblemCode.DOMAIN_UNAVAILABLE, told, "domain")
        if new.address is None:
            yield _problem(ProblemCode.ADDRESS_REQUIRED, "Partner Center needs an address.", "address")
            return
        rules = await self._country_rules(new.address.country)
        if rules is None:
            text = "Partner Center knows no such country; it wants the ISO code of two letters."
            yield _problem(ProblemCode.ADDRESS_INVALID, text, "address", "country")
            return
        broken = list(problems(new, rules))
        for problem in broken:
            yield problem
        if not any(problem.field[0] == "address" for problem in broken):
            problem = await self._address_problem(new.address)
            if problem is not None:
                yield problem

    async def create(self, new: NewCustomer, *, request_id: str) -> CreatedCustomer:
        if new.domain is None or new.address is None:
            raise InputRefused("Partner Center needs a domain and an address for a new customer.")
        rules = await self._country_rules(new.address.country)
        if rules is None:
            raise InputRefused(f"Partner Center has no rules for the country {new.address.country}.")
        call = Call(
            method="POST",
            path="/customers",
            read=wire.created_customer,
            json=wire.new_customer(new, rules),
            request_id=request_id,
        )
        return await self._session.send(call)

    async def remove(self, customer_id: str, *, request_id: str) -> None:
        """End the relationship; that there is none any more is as good, whichever way it is told."""
        call = Call(
            method="PATCH",
            path=of_customer(customer_id),
            actor=Actor.USER,
            read=wire.removed,
            json={"relationshipToPartner": "none", "attributes": {"objectType": "Customer"}},
            request_id=request_id,
            meaning=MAYBE_ABSENT,
        )
        try:
            await self._session.send(call)
        except Absent:
            return
        except (AdministratorNeeded, InputRefused) as error:
            # Refused access can also mean that only the user lacks a right: the application knows better.
            if error.provider_code not in NOT_OURS or await self.get(customer_id) is not None:
                raise

    async def invitation_url(self) -> str:
        return await self._session.send(
            Call(
                path="/customers/relationshiprequests",
                read=lambda body: Record(body).web_address("url"),
                actor=Actor.USER,
            )
        )

    async def _against_domain(self, domain: str) -> str | None:
        try:
            return None if await self.is_domain_available(domain) else "The domain is taken."
        except InputRefused as error:  # without a word: the answer has no body
            return error.message

    async def _address_problem(self, address: Address) -> Problem | None:
        call = Call(
            method="POST",
            path="/validations/address",
            read=address_problem,
            json=wire.address(address),
        )
        try:
            return await self._session.send(call)
        except InputRefused as error:
            return _problem(ProblemCode.ADDRESS_INVALID, error.message, "address")

    async def _country_rules(self, country: str) -> CountryRules | None:
        path = f"/countryvalidationrules/{quote(iso_country(country), safe='')}"
        try:
            return await self._session.send(Call(path=path, read=country_rules, meaning=MAYBE_ABSENT))
        except (Absent, InputRefused):
            return None


def of_customer(customer_id: str) -> str:
    """Give the path of a customer, whatever its id contains."""
    return f"/customers/{quote(customer_id, safe='')}"


def _problem(code: ProblemCode, message: str, *field: str) -> Problem:
    return Problem(code=code, message=message, field=field)
