"""Refusals, in the shapes the service is known to give them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from simulator.values import Json

LACKS_MFA = 900421


class Shape(Enum):
    CLASSIC = "code, description, data, source"
    CUSTOMER_SERVICE = "code, message, description, errorName, isRetryable"
    EMPTY = "no body"


@dataclass(eq=False)
class Refusal(Exception):
    """An answer other than success; `code` is the service's, not HTTP's."""

    status: int
    code: int
    description: str
    name: str = ""
    shape: Shape = Shape.CLASSIC
    headers: Mapping[str, str] | None = None

    def body(self) -> Json:
        if self.shape is Shape.EMPTY:
            return None
        if self.shape is Shape.CLASSIC:
            return {
                "code": self.code,
                "description": self.description,
                "data": [],
                "source": "PartnerApiServiceControllers",
            }
        return {
            "code": self.code,
            "message": self.description,
            "description": self.description,
            "errorName": self.name,
            "isRetryable": False,
            "parameters": {},
            "errorMessageExtended": f"InternalErrorCode={self.code}",
        }


def unauthorized(code: int, description: str) -> Refusal:
    realm = "urn:cpsvc:cpid:00000000-0000-0000-0000-000000000000"
    return Refusal(401, code, description, headers={"WWW-Authenticate": f"OAuth realm={realm}"})


def lacks_mfa() -> Refusal:
    return unauthorized(LACKS_MFA, "The token carries no claim of multi-factor authentication.")


def wrong_audience() -> Refusal:
    return unauthorized(
        900420, "The audience in the token is invalid and is no longer supported in Partner Center API."
    )


def forbidden(code: int, description: str) -> Refusal:
    return Refusal(403, code, description)


def not_found(description: str) -> Refusal:
    return Refusal(404, 1000, description)


def invalid(description: str, *, code: int = 3000) -> Refusal:
    """A property with a value that the service does not take."""
    return Refusal(400, code, description)


def refused_by_customer_service(code: int, name: str, description: str, *, status: int = 400) -> Refusal:
    return Refusal(status, code, description, name, Shape.CUSTOMER_SERVICE)


def throttled(retry_after_seconds: int) -> tuple[Json, dict[str, str]]:
    """Body and headers as the gateway gives them, which is not one of the API's own shapes."""
    body: Json = {
        "statusCode": 429,
        "message": f"Rate limit is exceeded. Try again in {retry_after_seconds} seconds.",
    }
    return body, {"Retry-After": str(retry_after_seconds)}
