"""All that is needed to reach one partner's Partner Center."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from providers.transport import LONGEST_TIMEOUT, is_loopback

LARGEST_PAGE = 500


class ConfirmationMode(StrEnum):
    """Who confirms an agreement.

    CUSTOMER: the customer itself, in Microsoft's admin center. LEGACY: the partner, in the way Microsoft has
    retired. ENHANCED: the customer, on a page that the partner sends it to and that needs no sign-in.
    """

    CUSTOMER = "CUSTOMER"
    LEGACY = "LEGACY"
    ENHANCED = "ENHANCED"


class Cloud(StrEnum):
    """Which of Microsoft's separate clouds the partner's tenant lives in."""

    GLOBAL = "GLOBAL"
    US_GOVERNMENT = "US_GOVERNMENT"
    CHINA = "CHINA"


class Environment(StrEnum):
    """What the partner's tenant is for; both kinds are reached at the same addresses."""

    PRODUCTION = "PRODUCTION"
    SANDBOX = "SANDBOX"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addresses:
    base_url: str
    login_url: str


_GLOBAL_API = "https://api.partnercenter.microsoft.com"
_ADDRESSES = {
    Cloud.GLOBAL: _Addresses(base_url=_GLOBAL_API, login_url="https://login.microsoftonline.com"),
    Cloud.US_GOVERNMENT: _Addresses(base_url=_GLOBAL_API, login_url="https://login.microsoftonline.us"),
    Cloud.CHINA: _Addresses(
        base_url="https://partner.partnercenterapi.microsoftonline.cn",
        login_url="https://login.partner.microsoftonline.cn",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where Partner Center is and as whom to speak to it.

    Attributes:
        tenant_id: The partner's own tenant, not a customer's.
        refresh_token: The consent of a partner user; without it everything about agreements needs an
            administrator.
        cloud: Says the addresses below that are not given. Only the global one knows agreements of customers.
        environment: What the tenant is meant to be, for `examine` to compare; None where nobody has said so.
        base_url: Without the version; https, except on this machine.
        resource: The audience of tokens; differs from `base_url` only where that is not Microsoft's.
        webhook_authority: PEM of the certificates that sign notifications; None for the public ones.
        requests_per_minute: Calls about customers that all clients of the tenant make in this process; 0 for
            no limit.
        timeout: Of one attempt, for connecting and for each wait for data.
        max_attempts: Of one call, the first included.
        first_wait: Before the second attempt; it doubles with each further one.
        page_size: Customers a page; the service gives no more than 500.
    """

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    cloud: Cloud = Cloud.GLOBAL
    environment: Environment | None = None
    base_url: str = ""
    login_url: str = ""
    admin_center_url: str = "https://admin.microsoft.com"
    resource: str = ""
    webhook_authority: str | None = None
    confirmation: ConfirmationMode = ConfirmationMode.CUSTOMER
    requests_per_minute: int = 500
    timeout: timedelta = LONGEST_TIMEOUT
    max_attempts: int = 4
    first_wait: timedelta = timedelta(milliseconds=500)
    page_size: int = LARGEST_PAGE

    def __post_init__(self) -> None:
        usual = _ADDRESSES[self.cloud]
        known = {"base_url": usual.base_url, "login_url": usual.login_url, "resource": usual.base_url}
        for name, address in known.items():
            if not getattr(self, name):
                object.__setattr__(self, name, address)
        for url in (self.base_url, self.login_url):
            if urlsplit(url).scheme != "https" and not is_loopback(url):
                raise ValueError(
                    f"{url} would send secrets in clear: https is required, except to this machine."
                )
        if not timedelta(0) < self.timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"The time-out must be positive and at most {LONGEST_TIMEOUT.seconds} seconds.")
        if self.max_attempts < 1:
            raise ValueError("At least one attempt is needed.")
        if not 1 <= self.page_size <= LARGEST_PAGE:
            raise ValueError(f"A page holds 1 to {LARGEST_PAGE} customers.")
        if self.requests_per_minute < 0:
            raise ValueError("The number of requests a minute must not be negative; 0 is no limit.")

    @property
    def has_agreements(self) -> bool:
        """Tell whether the cloud knows agreements of customers at all."""
        return self.cloud is Cloud.GLOBAL
