"""What can go wrong at a provider, named by what the caller does next.

ProviderError
├── ProviderUnavailable     repeat the same call later, with the same request id
│   └── CustomerNotVisible  the same, in a minute or two: the provider has just made this customer
├── InputRefused            have the input corrected; repeating the call is useless
├── AdministratorNeeded     have a person mend credentials, consent, MFA, role or relationship
├── AlreadyConfirmed        read the confirmation back; what was asked for is there
├── CustomerMustAccept      ask the customer with `request_acceptance`
└── Unsupported             do not call: the provider lacks the capability

Each message may be shown to a user: it holds neither secrets nor the body of an answer.
"""

__all__ = [
    "AdministratorNeeded",
    "AlreadyConfirmed",
    "CustomerMustAccept",
    "CustomerNotVisible",
    "InputRefused",
    "ProviderError",
    "ProviderUnavailable",
    "Unsupported",
]


class ProviderError(Exception):
    """A call to a provider did not do what was asked.

    As text it ends with the two ids, since that is what whoever reads it can give to the provider's support.

    Attributes:
        message: The text without the ids.
        provider_code: The provider's own error code, as text; None if it gave none.
        request_id: The idempotency key under which the provider saw the call.
        correlation_id: The provider's trace of the call: what its support asks for.
    """

    def __init__(
        self,
        message: str,
        *,
        provider_code: str | None = None,
        request_id: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider_code = provider_code
        self.request_id = request_id
        self.correlation_id = correlation_id

    def __str__(self) -> str:
        ids = {"request": self.request_id, "correlation": self.correlation_id}
        known = ", ".join(f"{name} {value}" for name, value in ids.items() if value)
        return f"{self.message} [{known}]" if known else self.message


class ProviderUnavailable(ProviderError):
    """There was no usable answer: the call may or may not have taken effect.

    Attributes:
        retry_after_seconds: How long the provider asks to be left alone; None if it did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        super().__init__(
            message, provider_code=provider_code, request_id=request_id, correlation_id=correlation_id
        )
        self.retry_after_seconds = retry_after_seconds


class CustomerNotVisible(ProviderUnavailable):
    """The customer cannot be read: not yet if it is new, otherwise it is not the partner's."""


class InputRefused(ProviderError):
    """The provider understood the call and declined what was in it."""


class AdministratorNeeded(ProviderError):
    """The connection lacks a right that only a person can give."""


class AlreadyConfirmed(ProviderError):
    """The provider holds this very confirmation already."""


class CustomerMustAccept(ProviderError):
    """The partner cannot confirm on the customer's behalf here."""


class Unsupported(ProviderError):
    """The provider has no such function."""
