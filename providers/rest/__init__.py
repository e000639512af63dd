"""Any distributor whose connector serves the REST provider contract.

Here is how it is reached. What calls it, `RestProvider`, is in `client`: that loads an HTTP client, which a
process needs only once it calls somebody.
"""

from providers.rest.connection import RestConnection

__all__ = ["RestConnection"]
