"""All that is needed to reach one partner's Partner Center."""

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

LARGEST_PAGE = 500
LONGEST_TIMEOUT = timedelta(seconds=20)


class ConfirmationMode(StrEnum):
    """Who confirms an agreement: the customer itself, or the partner in the way Microsoft has retired."""

    CUSTOMER = "CUSTOMER"
    LEGACY = "LEGACY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where Partner Center is and as whom to speak to it.

    Attributes:
        tenant_id: The partner's own tenant, not a customer's.
        refresh_token: The consent of a partner user; without it everything about agreements needs an
            administrator.
        base_url: Without the version; https, except on this machine.
        resource: The audience of tokens; differs from `base_url` only where that is not Microsoft's.
        timeout: Of one attempt, for connecting and for each wait for data.
        max_attempts: Of one call, the first included.
        first_wait: Before the second attempt; it doubles with each further one.
        page_size: Customers a page; the service gives no more than 500.
    """

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    base_url: str = "https://api.partnercenter.microsoft.com"
    login_url: str = "https://login.microsoftonline.com"
    admin_center_url: str = "https://admin.microsoft.com"
    resource: str = "https://api.partnercenter.microsoft.com"
    confirmation: ConfirmationMode = ConfirmationMode.CUSTOMER
    timeout: timedelta = LONGEST_TIMEOUT
    max_attempts: int = 4
    first_wait: timedelta = timedelta(milliseconds=500)
    page_size: int = LARGEST_PAGE

    def __post_init__(self) -> None:
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


def is_loopback(url: str) -> bool:
    """Tell whether the address cannot leave this machine; names other than localhost are not resolved."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
