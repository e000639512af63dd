"""What an operator or a test may choose about the simulated provider."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_settings import BaseSettings, SettingsConfigDict


class RestBehaviour(BaseModel):
    """How the provider answers; may be replaced while it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: str = Field("rest-simulator-key", min_length=1, description="The key that callers must send.")
    supports_agreement_confirmation: bool = Field(
        default=True, description="Capability; without it agreements are refused."
    )
    supports_address_verification: bool = Field(
        default=True, description="Capability; without it every address is beyond judgement."
    )
    supports_customer_creation: bool = Field(
        default=True, description="Capability; without it new customers are refused."
    )
    pascal_case: bool = Field(default=False, description="Members are named in PascalCase, else camelCase.")
    bom: bool = Field(default=False, description="Answers begin with a UTF-8 byte order mark.")
    missing_customer: Literal["null", "204", "404"] = Field(
        "null", description="How one customer that does not exist is answered."
    )
    signing: Literal["kept", "asked"] = Field(
        "kept", description="kept: a submitted signature stands. asked: the customer is asked to sign."
    )
    null_names: bool = Field(default=False, description="Names of customers and agreements are not told.")

    def as_wire(self) -> dict[str, object]:
        return {to_camel(name): getattr(self, name) for name in RestBehaviour.model_fields}


class RestSimulatorSettings(RestBehaviour, BaseSettings):
    """Read once at the start, from arguments or REST_SIMULATOR_* variables."""

    model_config = SettingsConfigDict(env_prefix="REST_SIMULATOR_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0: any free port.")

    def behaviour(self) -> RestBehaviour:
        return RestBehaviour.model_validate(self.model_dump(include=set(RestBehaviour.model_fields)))
