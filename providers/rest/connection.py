"""All that is needed to reach one REST provider."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from providers.transport import LONGEST_TIMEOUT, is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class RestConnection:
    """Where a REST provider is, and the key that it has given us.

    Attributes:
        base_url: What the contract's paths are appended to; https, except on this machine.
        acceptance_url: Where the provider's customers accept agreements, of which the contract does not
            speak; the provider's own site unless said otherwise.
        timeout: Of one attempt, for connecting and for each wait for data.
        max_attempts: Of one call, the first included.
        first_wait: Before the second attempt; it doubles with each further one.
    """

    base_url: str
    api_key: str = field(repr=False)
    acceptance_url: str = ""
    timeout: timedelta = LONGEST_TIMEOUT
    max_attempts: int = 4
    first_wait: timedelta = timedelta(milliseconds=500)

    def __post_init__(self) -> None:
        _check(self.base_url, "The provider's address")
        site = urlsplit(self.base_url)
        if not self.acceptance_url:
            object.__setattr__(self, "acceptance_url", f"{site.scheme}://{site.netloc}/")
        _check(self.acceptance_url, "The page where customers accept", query_allowed=True)
        if not self.api_key or not all("!" <= letter <= "~" for letter in self.api_key):
            raise ValueError("The key must be given, in letters, digits and signs without spaces.")
        if not timedelta(0) < self.timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"The time-out must be positive and at most {LONGEST_TIMEOUT.seconds} seconds.")
        if self.max_attempts < 1:
            raise ValueError("At least one attempt is needed.")


def _check(url: str, what: str, *, query_allowed: bool = False) -> None:
    """Refuse an address that would send or show secrets; the message quotes none of it."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{what} is no complete address.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise ValueError(f"{what} would send secrets in clear: https is required, except to this machine.")
    if "@" in parts.netloc:
        raise ValueError(f"{what} must not hold a user or a password.")
    if (parts.query or parts.fragment) and not query_allowed:
        raise ValueError(f"{what} must end with its path.")
