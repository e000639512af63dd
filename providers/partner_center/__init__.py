"""Microsoft Partner Center: customers and their Microsoft Customer Agreements, over its REST API.

Here is how it is reached. What calls it, `PartnerCenter`, is in `client`: that loads an HTTP client and msal,
which a process needs only once it calls somebody.
"""

from providers.partner_center.connection import Cloud, ConfirmationMode, Connection, Environment

__all__ = ["Cloud", "ConfirmationMode", "Connection", "Environment"]
