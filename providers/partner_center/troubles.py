"""What can be wrong with a connection, in the words of the administrator who has to mend it."""

from dataclasses import dataclass

from providers.base import Trouble

NOBODY_CONSENTED = "no_refresh_token"
UNKNOWN_TENANT = "unknown_tenant"
"""Codes of our own, where there was nobody to ask or Entra gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    name: str
    message: str
    remedy: str

    def trouble(self, detail: str | None = None) -> Trouble:
        """Say it, with what the provider said if that helps."""
        message = f"{self.message} ({detail})" if detail else self.message
        return Trouble(cause=self.name, message=message, remedy=self.remedy)


WRONG_SECRET = Cause(
    name="WRONG_SECRET",
    message="Microsoft Entra does not accept the client secret: it is wrong or has expired.",
    remedy="Create a new secret for the application in the Microsoft Entra admin center, and store its value,"
    " not its id, in this connection.",
)
WRONG_TENANT = Cause(
    name="WRONG_TENANT",
    message="Microsoft Entra knows no tenant of this id.",
    remedy="Store the id of the partner's own tenant, as the Microsoft Entra admin center shows it, and the"
    " cloud that it belongs to.",
)
UNKNOWN_APPLICATION = Cause(
    name="UNKNOWN_APPLICATION",
    message="The partner's tenant has no application of this client id.",
    remedy="Store the client id of an application registered in the partner's own tenant, or register it"
    " there.",
)
NO_ADMIN_CONSENT = Cause(
    name="NO_ADMIN_CONSENT",
    message="No administrator has granted the application its permissions for Partner Center.",
    remedy="Have a global administrator of the partner's tenant grant admin consent to the application's"
    " permissions for Partner Center.",
)
NO_USER_CONSENT = Cause(
    name="NO_USER_CONSENT",
    message="No partner user has consented to this connection, and agreements cannot be asked for without.",
    remedy="Have an admin agent sign in for this connection once, with multi-factor authentication.",
)
CONSENT_ENDED = Cause(
    name="CONSENT_ENDED",
    message="The consent of the partner user has ended: it was withdrawn, its password was changed, or it was"
    " not used for 90 days.",
    remedy="Have the partner user sign in for this connection again, with multi-factor authentication.",
)
NO_MFA = Cause(
    name="NO_MFA",
    message="The partner user has signed in without multi-factor authentication.",
    remedy="Turn multi-factor authentication on for the user, and have it sign in for this connection again.",
)
INDIRECT_RESELLER = Cause(
    name="INDIRECT_RESELLER",
    message="The partner is an indirect reseller, and these may neither list customers nor confirm their"
    " agreements.",
    remedy="Have the indirect provider do it, or connect as a direct-bill partner or indirect provider.",
)
UNREGISTERED_APPLICATION = Cause(
    name="UNREGISTERED_APPLICATION",
    message="Microsoft Entra knows the application, but Partner Center does not.",
    remedy="Register the application in Partner Center: Account settings, App management.",
)
ROLE_LACKS_RIGHT = Cause(
    name="ROLE_LACKS_RIGHT",
    message="The role in Partner Center does not suffice.",
    remedy="Make the user that has consented an admin agent in Partner Center, or have an admin agent sign in"
    " for this connection.",
)
WRONG_ENVIRONMENT = Cause(
    name="WRONG_ENVIRONMENT",
    message="The tenant is not what the connection says it is.",
    remedy="Store the tenant, application and secret of the intended environment, or correct the environment:"
    " sandbox and production are separate tenants at the same addresses.",
)
CLOCK_OFF = Cause(
    name="CLOCK_OFF",
    message="The clock of this machine is wrong.",
    remedy="Set the clock by a time server (NTP) and see that it keeps running.",
)
WRONG_AUDIENCE = Cause(
    name="WRONG_AUDIENCE",
    message="The token is for another service than this Partner Center.",
    remedy="Store the cloud that the partner belongs to, and leave the addresses of the connection empty"
    " unless it leads to a simulator.",
)
LOGIN_REFUSED = Cause(
    name="LOGIN_REFUSED",
    message="Microsoft Entra refuses the sign-in.",
    remedy="Look the code up in Microsoft's list of AADSTS error codes, and mend what it names.",
)
UNREACHABLE = Cause(
    name="UNREACHABLE",
    message="There was no usable answer.",
    remedy="See that this machine reaches the connection's addresses over https, also through a proxy, and"
    " try again.",
)
AGREEMENTS_UNSUPPORTED = Cause(
    name="AGREEMENTS_UNSUPPORTED",
    message="Partner Center knows no agreements of customers in this national cloud.",
    remedy="Nothing needs to be done: record these agreements by hand.",
)

_BY_LOGIN_NUMBER = {
    "AADSTS7000215": WRONG_SECRET,
    "AADSTS7000222": WRONG_SECRET,
    "AADSTS7000216": WRONG_SECRET,
    "AADSTS7000218": WRONG_SECRET,
    "AADSTS90002": WRONG_TENANT,
    "AADSTS900023": WRONG_TENANT,
    "AADSTS700016": UNKNOWN_APPLICATION,
    "AADSTS7000112": UNKNOWN_APPLICATION,
    "AADSTS65001": NO_ADMIN_CONSENT,
    "AADSTS50074": NO_MFA,
    "AADSTS50076": NO_MFA,
    "AADSTS50079": NO_MFA,
    "AADSTS50158": NO_MFA,
    "AADSTS500011": WRONG_AUDIENCE,
    "AADSTS500014": NO_ADMIN_CONSENT,
}
_BY_LOGIN_ERROR = {
    NOBODY_CONSENTED: NO_USER_CONSENT,
    UNKNOWN_TENANT: WRONG_TENANT,
    "invalid_client": WRONG_SECRET,
    "unauthorized_client": UNKNOWN_APPLICATION,
    "invalid_grant": CONSENT_ENDED,
    "interaction_required": NO_MFA,
    "invalid_resource": WRONG_AUDIENCE,
    "invalid_scope": WRONG_AUDIENCE,
}
_BY_API_CODE = {
    "400": UNREGISTERED_APPLICATION,
    "800001": UNREGISTERED_APPLICATION,
    "900420": WRONG_AUDIENCE,
    "900421": NO_MFA,
    "900329": NO_USER_CONSENT,
    "900309": NO_MFA,
    "90000": NO_MFA,
}


def cause_of_login(code: str, *, as_user: bool) -> Cause | None:
    """Name the cause of a refused login by its error and the numbers after it; None if they tell nothing."""
    error, *numbers = code.split() or [""]
    known = (_BY_LOGIN_NUMBER.get(number) for number in numbers)
    cause = next((found for found in known if found), None) or _BY_LOGIN_ERROR.get(error)
    if cause is CONSENT_ENDED and not as_user:
        return None
    return cause


def cause_of_refusal(code: str | None) -> Cause | None:
    """Name the cause of a call refused by Partner Center, where its code alone tells."""
    return _BY_API_CODE.get(code or "")
