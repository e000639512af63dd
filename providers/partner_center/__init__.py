"""Microsoft Partner Center: customers and their Microsoft Customer Agreements, over its REST API."""

from providers.partner_center.client import PartnerCenter
from providers.partner_center.connection import Cloud, ConfirmationMode, Connection, Environment

__all__ = ["Cloud", "ConfirmationMode", "Connection", "Environment", "PartnerCenter"]
