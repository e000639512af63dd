"""How inputs tell absent from null, and the values that several of them hold."""

from typing import Any, TypeVar

import strawberry
from strawberry import UNSET

import models

T = TypeVar("T")


def required(description: str) -> Any:  # noqa: ANN401  # a field specifier: the annotation is the type
    return strawberry.field(description=description)


def optional(description: str) -> Any:  # noqa: ANN401  # a field specifier: the annotation is the type
    """A field that may be absent, which is not the same as null."""
    return strawberry.field(description=description, default=UNSET)


def default(value: object, description: str) -> Any:  # noqa: ANN401  # a field specifier: the annotation is the type
    return strawberry.field(description=description, default=value)


def given(value: T | None) -> T | None:
    """The value, None for absent as for null: where nothing is there yet the two are the same."""
    return None if value is UNSET else value


def changes(source: object, *names: str) -> dict[str, object]:
    """What an update asks for, by name: absent fields are left out, null is None, inputs become values."""
    present = {name: getattr(source, name) for name in names}
    return {name: _plain(value) for name, value in present.items() if value is not UNSET}


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever an input holds
    if isinstance(value, list):
        return tuple(_plain(each) for each in value)  # pyright: ignore[reportUnknownVariableType]  # see above
    return value.to_model() if isinstance(value, ContactInput | AddressInput) else value


@strawberry.input(description="A person at a customer.")
class ContactInput:
    first_name: str = required("Given name.")
    last_name: str = required("Family name.")
    email: str = required("E-mail address.")
    phone: str | None = optional("Telephone number.")

    def to_model(self) -> models.Contact:
        return models.Contact(self.first_name, self.last_name, self.email, given(self.phone))


@strawberry.input(description="A postal address.")
class AddressInput:
    line1: str = required("Street and number.")
    line2: str | None = optional("Whatever else the post needs.")
    city: str = required("City or town.")
    region: str | None = optional("State or province.")
    postal_code: str | None = optional("Postal code.")
    country: str = required("Country, two letters (ISO 3166-1).")

    def to_model(self) -> models.Address:
        return models.Address(
            line1=self.line1,
            line2=given(self.line2),
            city=self.city,
            region=given(self.region),
            postal_code=given(self.postal_code),
            country=self.country,
        )


def contact(value: ContactInput | None) -> models.Contact | None:
    return _plain(given(value))


def address(value: AddressInput | None) -> models.Address | None:
    return _plain(given(value))


IDEMPOTENCY_KEY = (
    "Names this request: repeated with the same key and input, within seven days, it takes effect once and "
    "answers with what was made then. Up to 200 characters of your choice."
)
REVISION = "The revision that the change is based on; the change is refused if there is a newer one."
