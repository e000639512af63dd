"""Values without an identity: equal when their parts are, stored in columns of the entity that has them."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from models.enums import AcceptanceRequestStatus
from models.errors import DomainError, ErrorCode

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True)
class Contact:
    """A person as a customer or provider names one."""

    first_name: str
    last_name: str
    email: str
    phone: str | None = None

    def checked(self, *field: str) -> Self:
        """The same contact without surrounding blanks.

        Args:
            field: Path of the input field that holds the contact.

        Raises:
            DomainError: INVALID for an empty name, INVALID_EMAIL for an address that cannot be one.
        """
        contact = replace(
            self,
            first_name=self.first_name.strip(),
            last_name=self.last_name.strip(),
            email=self.email.strip(),
            phone=(self.phone or "").strip() or None,
        )
        for key, value in (("firstName", contact.first_name), ("lastName", contact.last_name)):
            if not value:
                raise DomainError("A contact needs a first and a last name.", field=(*field, key))
        if not _EMAIL.fullmatch(contact.email):
            raise DomainError(
                f"«{contact.email}» is not an e-mail address.",
                code=ErrorCode.INVALID_EMAIL,
                field=(*field, "email"),
            )
        return contact

    @property
    def email_domain(self) -> str:
        return self.email.rpartition("@")[2].casefold()


@dataclass(frozen=True)
class Address:
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    line1: str
    line2: str | None
    city: str
    region: str | None
    postal_code: str | None
    country: str

    def checked(self, *field: str) -> Self:
        """The same address without surrounding blanks, the country in capitals.

        Raises:
            DomainError: INVALID for a missing part or a country that is not two letters.
        """
        address = replace(
            self,
            line1=self.line1.strip(),
            line2=(self.line2 or "").strip() or None,
            city=self.city.strip(),
            region=(self.region or "").strip() or None,
            postal_code=(self.postal_code or "").strip() or None,
            country=self.country.strip().upper(),
        )
        for key, value in (("line1", address.line1), ("city", address.city)):
            if not value:
                raise DomainError("An address needs a first line and a city.", field=(*field, key))
        if not _COUNTRY.fullmatch(address.country):
            raise DomainError(
                "A country is written as two letters (ISO 3166-1), e.g. DE.", field=(*field, "country")
            )
        return address


@dataclass(frozen=True)
class ProviderCapabilities:
    """What can be done at a provider by calling it."""

    customer_sync: bool = False
    customer_creation: bool = False
    agreement_confirmation: bool = False
    agreement_sync: bool = False

    def any(self) -> bool:
        return (
            self.customer_sync or self.customer_creation or self.agreement_confirmation or self.agreement_sync
        )


@dataclass(frozen=True)
class AcceptanceRequest:
    """Where the customer gives its own acceptance at the provider.

    `reference` is the provider's own id of the request, if it can be asked what became of it.
    """

    url: str
    status: AcceptanceRequestStatus
    expires_at: datetime | None = None
    reference: str | None = None
