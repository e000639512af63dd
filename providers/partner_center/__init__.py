"""Microsoft Partner Center: customers and their Microsoft Customer Agreements, over its REST API."""

from providers.partner_center.client import PartnerCenter
from providers.partner_center.connection import ConfirmationMode, Connection

__all__ = ["ConfirmationMode", "Connection", "PartnerCenter"]
