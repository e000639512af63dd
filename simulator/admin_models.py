"""What the admin interface reads and writes."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from simulator.agreements import Confirmation, Contact
from simulator.customers import Customer
from simulator.partners import Application, Partner, User
from simulator.templates import CUSTOMER, find_template
from simulator.values import guid, is_guid


def _is_tenant(text: str) -> str:
    if not is_guid(text):
        raise ValueError("not a GUID")
    return guid(text)


Role = Literal["admin_agent", "sales_agent", "helpdesk_agent"]
TenantId = Annotated[str, AfterValidator(_is_tenant)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class ApplicationModel(_Model):
    client_id: TenantId
    client_secret: str = Field(min_length=1)
    registered: bool = True
    consented: bool = True

    def application(self) -> Application:
        return Application(self.client_id, self.client_secret, self.registered, self.consented)


class UserModel(_Model):
    upn: str = Field(min_length=1)
    roles: list[Role] = ["admin_agent"]
    mfa: bool = True
    refresh_token: str | None = None


class PartnerModel(_Model):
    tenant_id: TenantId
    name: str
    country: str = "US"
    kind: Literal["direct", "indirect_provider", "indirect_reseller"] = "direct"
    indirect_providers: list[TenantId] = []
    sandbox: bool = False
    applications: list[ApplicationModel] = []
    users: list[UserModel] = []

    def partner(self) -> Partner:
        providers = frozenset(self.indirect_providers)
        return Partner(self.tenant_id, self.name, self.country, self.kind, providers, self.sandbox)


class PartnerChange(_Model):
    """What is not given stays as it is, here and in the changes below."""

    name: str | None = None
    country: str | None = None
    kind: Literal["direct", "indirect_provider", "indirect_reseller"] | None = None
    sandbox: bool | None = None


class ApplicationChange(_Model):
    client_secret: str | None = Field(None, min_length=1)
    registered: bool | None = None
    consented: bool | None = None


class UserChange(_Model):
    roles: list[Role] | None = None
    mfa: bool | None = None


class ContactModel(_Model):
    first_name: str
    last_name: str
    email: str
    phone_number: str | None = None


class AgreementModel(_Model):
    template_id: str = CUSTOMER.id
    primary_contact: ContactModel
    date_agreed: AwareDatetime
    user_id: str | None = None

    def confirmation(self) -> Confirmation:
        person = self.primary_contact
        contact = Contact(person.first_name, person.last_name, person.email, person.phone_number)
        return Confirmation(self.template_id, contact, self.date_agreed, self.user_id)


class AddressModel(_Model):
    address_line1: str | None = None
    address_line2: str | None = None
    city: str | None = None
    state: str | None = None
    region: str | None = None
    postal_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone_number: str | None = None


class CustomerModel(_Model):
    id: TenantId
    company_name: str
    domain: str
    country: str = "US"
    email: str | None = None
    culture: str = "en-US"
    language: str = "en"
    address: AddressModel = AddressModel()
    registration_number: str | None = None
    associated_partner_id: TenantId | None = None
    direct_signed: bool | None = None
    agreements: list[AgreementModel] | None = None

    def customer(self, known: Customer | None) -> Customer:
        """Make the record; what is not given stays as it is known."""
        signed = known is not None and known.direct_signed
        return Customer(
            id=self.id,
            commerce_id=str(uuid5(NAMESPACE_URL, f"https://customer.invalid/{self.id}/commerce")),
            domain=self.domain,
            company_name=self.company_name,
            country=self.country,
            email=self.email or f"admin@{self.domain}",
            culture=self.culture,
            language=self.language,
            address=self.address.model_dump(by_alias=True, exclude_none=True),
            registration_number=self.registration_number,
            associated_partner_id=self.associated_partner_id,
            direct_signed=signed if self.direct_signed is None else self.direct_signed,
        )


def show_partner(
    partner: Partner, applications: Sequence[Application], users: Sequence[User]
) -> dict[str, object]:
    return {
        "tenantId": partner.tenant_id,
        "name": partner.name,
        "country": partner.country,
        "kind": partner.kind,
        "indirectProviders": sorted(partner.indirect_providers),
        "sandbox": partner.sandbox,
        "domain": partner.domain,
        "applications": [
            {"clientId": each.client_id, "registered": each.registered, "consented": each.consented}
            for each in applications
        ],
        "users": [
            {"objectId": user.object_id, "upn": user.upn, "roles": sorted(user.roles), "mfa": user.mfa}
            for user in users
        ],
    }


def show_customer(customer: Customer, confirmations: Sequence[Confirmation]) -> dict[str, object]:
    """Show everything, also what the service itself would not tell."""
    return {
        "id": customer.id,
        "commerceId": customer.commerce_id,
        "companyName": customer.company_name,
        "domain": customer.domain,
        "country": customer.country,
        "email": customer.email,
        "culture": customer.culture,
        "language": customer.language,
        "address": customer.address,
        "registrationNumber": customer.registration_number,
        "associatedPartnerId": customer.associated_partner_id,
        "directSigned": customer.direct_signed,
        "agreements": [_show_confirmation(confirmation) for confirmation in confirmations],
    }


def _show_confirmation(confirmation: Confirmation) -> dict[str, object]:
    template = find_template(confirmation.template_id)
    return {
        "templateId": confirmation.template_id,
        "type": None if template is None else template.agreement_type,
        "primaryContact": confirmation.contact.as_wire(),
        "dateAgreed": confirmation.agreed_at.isoformat(),
        "userId": confirmation.user_id,
    }
