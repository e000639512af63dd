"""What holds for every connection to a provider, whoever it is."""

import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit

LONGEST_TIMEOUT = timedelta(seconds=20)


def is_loopback(url: str) -> bool:
    """Tell whether the address cannot leave this machine; names other than localhost are not resolved."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
