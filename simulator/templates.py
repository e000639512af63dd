"""The two kinds of agreement, one template each, the same in every country."""

from dataclasses import dataclass

from simulator.values import Json


@dataclass(frozen=True)
class Template:
    id: str
    agreement_type: str
    link: str
    confirmable: bool

    def metadata(self) -> Json:
        return {
            "templateId": self.id,
            "agreementType": self.agreement_type,
            "agreementLink": self.link,
            "versionRank": 0,
        }


CLOUD = Template(
    "998b88de-aa99-4388-a42c-1b3517d49490",
    "MicrosoftCloudAgreement",
    "https://docs.microsoft.com/partner-center/agreements",
    confirmable=False,
)
CUSTOMER = Template(
    "117a77b0-9360-443b-8795-c6dedc750cf9",
    "MicrosoftCustomerAgreement",
    "https://aka.ms/customeragreement",
    confirmable=True,
)
TEMPLATES = (CLOUD, CUSTOMER)


def find_template(template_id: str) -> Template | None:
    """Find by id, in exactly this case."""
    return next((template for template in TEMPLATES if template.id == template_id), None)


def select_templates(agreement_type: str | None) -> tuple[Template, ...]:
    """Select by type; none given means the cloud agreement, for clients older than the other one."""
    if agreement_type == "*":
        return TEMPLATES
    wanted = (agreement_type or CLOUD.agreement_type).lower()
    return tuple(template for template in TEMPLATES if template.agreement_type.lower() == wanted)
