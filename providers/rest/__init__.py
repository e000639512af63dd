"""Any distributor whose connector serves the REST provider contract."""

from providers.rest.client import RestProvider
from providers.rest.connection import RestConnection

__all__ = ["RestConnection", "RestProvider"]
