"""The terms of the sample data: five templates, each in two versions, at four providers."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from agreements_api.demo.ids import CLOUD_AGREEMENT, CUSTOMER_AGREEMENT, MANUAL, MICROSOFT, Kind, demo_id
from agreements_api.demo.tenants import Partner
from models import MICROSOFT_CLOUD_AGREEMENT_ID, MICROSOFT_CUSTOMER_AGREEMENT_ID, AgreementTemplateStatus

OWN_PROVIDER = demo_id(Kind.PROVIDER, 2)
OWN_PROVIDER_NAME = "Northwind Managed Services"

_ACTIVE, _INACTIVE = AgreementTemplateStatus.ACTIVE, AgreementTemplateStatus.INACTIVE


@dataclass(frozen=True)
class Terms:
    """One version of a template. `is_seeded`: every database has it from the start."""

    id: UUID
    provider_id: UUID
    name: str
    template_id: str
    version: str
    status: AgreementTemplateStatus
    link: str
    supersedes: "Terms | None" = None
    effective_on: date | None = None
    expires_on: date | None = None
    instructions: str | None = None
    is_seeded: bool = False

    @property
    def partner(self) -> Partner | None:
        return next((each for each in Partner if each.provider_id == self.provider_id), None)


_CUSTOMER, _CLOUD = "Microsoft Customer Agreement", "Microsoft Cloud Agreement"
_CUSTOMER_LINK = "https://aka.ms/customeragreement"
_CLOUD_LINK = "https://docs.microsoft.com/partner-center/agreements"
_CUSTOMER_ID, _CLOUD_ID = MICROSOFT_CUSTOMER_AGREEMENT_ID, MICROSOFT_CLOUD_AGREEMENT_ID

CUSTOMER_1 = Terms(
    CUSTOMER_AGREEMENT, MICROSOFT, _CUSTOMER, _CUSTOMER_ID, "1", _ACTIVE, _CUSTOMER_LINK, is_seeded=True
)
CUSTOMER_2 = Terms(
    demo_id(Kind.TEMPLATE, 1),
    MICROSOFT,
    _CUSTOMER,
    _CUSTOMER_ID,
    "2",
    _INACTIVE,
    _CUSTOMER_LINK,
    supersedes=CUSTOMER_1,
    instructions="Announced. Once active, every customer needs an agreement in this version.",
)
CLOUD_1 = Terms(CLOUD_AGREEMENT, MICROSOFT, _CLOUD, _CLOUD_ID, "1", _INACTIVE, _CLOUD_LINK, is_seeded=True)
CLOUD_2 = Terms(
    demo_id(Kind.TEMPLATE, 2), MICROSOFT, _CLOUD, _CLOUD_ID, "2", _INACTIVE, _CLOUD_LINK, supersedes=CLOUD_1
)
EMEA_1 = Terms(
    demo_id(Kind.TEMPLATE, 3),
    Partner.EMEA.provider_id,
    f"{_CUSTOMER} (EMEA)",
    _CUSTOMER_ID,
    "1",
    _ACTIVE,
    _CUSTOMER_LINK,
    instructions="The customer accepts in the Microsoft 365 admin center; we cannot confirm it here.",
)
EMEA_2 = Terms(
    demo_id(Kind.TEMPLATE, 4),
    Partner.EMEA.provider_id,
    f"{_CUSTOMER} (EMEA)",
    _CUSTOMER_ID,
    "2",
    _INACTIVE,
    _CUSTOMER_LINK,
    supersedes=EMEA_1,
)
SERVICES_1 = Terms(
    demo_id(Kind.TEMPLATE, 5),
    OWN_PROVIDER,
    "Managed Services Agreement",
    "MSA",
    "1",
    _ACTIVE,
    "https://northwind.example/terms/managed-services/1",
    effective_on=date(2023, 1, 1),
    expires_on=date(2026, 2, 28),
)
SERVICES_2 = Terms(
    demo_id(Kind.TEMPLATE, 6),
    OWN_PROVIDER,
    "Managed Services Agreement",
    "MSA",
    "2",
    _ACTIVE,
    "https://northwind.example/terms/managed-services/2",
    supersedes=SERVICES_1,
    effective_on=date(2026, 1, 1),
    instructions="Send it for signature with our cover letter; file the signed copy.",
)
RESALE_1 = Terms(
    demo_id(Kind.TEMPLATE, 7),
    MANUAL,
    "Cloud Resale Terms",
    "CRT-2021",
    "1",
    _INACTIVE,
    "https://distributor.example/resale-terms/1",
)
RESALE_2 = Terms(
    demo_id(Kind.TEMPLATE, 8),
    MANUAL,
    "Cloud Resale Terms",
    "CRT-2021",
    "2",
    _ACTIVE,
    "https://distributor.example/resale-terms/2",
    supersedes=RESALE_1,
    instructions="Signed in the distributor's portal under Customers, Terms.",
)
ALL_TERMS = (
    CUSTOMER_1, CUSTOMER_2, CLOUD_1, CLOUD_2, EMEA_1, EMEA_2, SERVICES_1, SERVICES_2, RESALE_1, RESALE_2,
)  # fmt: skip
