"""What an operator or a test may choose about the simulated service."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel, to_snake
from pydantic_settings import BaseSettings, SettingsConfigDict

from simulator.throttle import Window


class Behaviour(BaseModel):
    """How the service answers; may be replaced while it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    legacy_attestation: Literal["on", "gone"] = Field(
        "on", description="Whether a partner may still confirm a customer's agreement."
    )
    bom: bool = Field(default=True, description="Collections begin with a UTF-8 byte order mark.")
    max_page_size: int = Field(500, ge=1, description="Customers in one page at most.")
    attestation_lifetime_seconds: float = Field(
        7 * 24 * 3600, gt=0, description="Time a customer has to accept an enhanced attestation."
    )
    agreements_visible_after_seconds: float = Field(
        0, ge=0, description="Time until a new confirmation shows in lists."
    )
    subscription_changes_take_seconds: float = Field(
        0, ge=0, description="Time a change of a subscription takes; it is answered with 202 meanwhile."
    )
    order_errors_in_checkout: bool = Field(
        default=False, description="A refused purchase is told inside a successful checkout."
    )
    visibility_delay_seconds: float = Field(
        0, ge=0, description="Time until a new customer can be read; lists show it a third later."
    )
    token_lifetime_seconds: int = Field(3600, ge=1)
    token_audience: str | None = Field(
        None, description="Resource that tokens are issued for, whichever was asked for."
    )
    mfa_enforced: bool = Field(default=True, description="Users without MFA are refused by the service.")
    login_requires_mfa: bool = Field(
        default=False, description="Users without MFA are refused by the login already."
    )
    refresh_token_lifetime_seconds: float = Field(
        90 * 24 * 3600, gt=0, description="How long an unused refresh token stays valid."
    )
    refresh_token_grace_seconds: float | None = Field(
        None, ge=0, description="How long a used refresh token stays valid; none: for ever."
    )
    requests_per_minute: int = Field(0, ge=0, description="For each partner on customer paths; 0: no limit.")
    throttle_window: Window = Field(
        "fixed", description="Whether calls are counted by the minute or over the last sixty seconds."
    )
    error_codes_as_text: bool = Field(default=False, description="Error codes are strings, not numbers.")
    agreement_dates_with_zone: bool = Field(
        default=False, description="Dates in lists of agreements end with Z."
    )
    links_with_version: bool = Field(default=False, description="Paging links begin with /v1.")
    end_with_400: bool = Field(
        default=False, description="Every page announces another; behind the last one stands 400, code 2000."
    )
    webhook_retry_seconds: float = Field(
        5, ge=0, description="Time to the second attempt of a webhook; each further one takes twice as long."
    )
    country_rules_wrapped: bool = Field(
        default=True, description='Lists in country rules are {"value": [...]}, else plain "...List" members.'
    )

    def as_wire(self) -> dict[str, object]:
        names = Behaviour.model_fields
        return {to_camel(name): getattr(self, name) for name in names}


class SimulatorSettings(Behaviour, BaseSettings):
    """Read once at the start, from arguments or SIMULATOR_* variables."""

    model_config = SettingsConfigDict(env_prefix="SIMULATOR_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0: any free port.")
    store: Path | None = Field(None, description="SQLite file that keeps the state; none: in memory.")

    partner: str | None = Field(
        None, min_length=1, description="Name of a partner that is there from the start; none: nobody is."
    )

    def behaviour(self) -> Behaviour:
        return Behaviour.model_validate(self.model_dump(include=set(Behaviour.model_fields)))


def from_wire(content: bytes) -> dict[str, object]:
    """Read a JSON object of settings, named as on the wire; what the names mean is not checked here."""
    settings = TypeAdapter(dict[str, object]).validate_json(content)
    return {to_snake(name): value for name, value in settings.items()}
