"""Tries what a connection is for, and names what is in its way."""

from collections.abc import Sequence
from datetime import timedelta

from providers.base import Trouble
from providers.errors import AdministratorNeeded, ProviderError, ProviderUnavailable
from providers.partner_center import troubles
from providers.partner_center.connection import Connection, Environment
from providers.partner_center.customers import of_customer
from providers.partner_center.paging import Page, page_of
from providers.partner_center.refusals import Absent, Meaning
from providers.partner_center.session import Actor, Call, Session
from providers.record import Record

LARGEST_SKEW = timedelta(minutes=5)
SANDBOX_DOMAIN = ".ccsctp.net"
ROLE_DOES_NOT_SUFFICE = "900150"

_CUSTOMERS = Call(path="/customers", read=page_of(Record), params={"size": "1"})
_TERMS = Call(path="/agreements", read=page_of(Record), params={"agreementType": "*"}, actor=Actor.USER)
_INVITATION = Call(path="/customers/relationshiprequests", read=Record, actor=Actor.USER)
_DOMAIN = Call(
    path="/profiles/organization",
    read=lambda body: Record(body).text("domain"),
    actor=Actor.USER,
    meaning=Meaning(missing=Absent),
)
_INDIRECT_PROVIDERS = Call(
    path="/relationships",
    read=page_of(Record),
    params={"relationship_type": "IsIndirectResellerOf"},
    actor=Actor.USER,
)


async def examine(connection: Connection, session: Session) -> Sequence[Trouble]:
    """Try it all with new tokens, changing nothing; what a trouble found makes pointless is not tried."""
    examination = _Examination(connection, session)
    await examination.run()
    return list(examination.found.values())


class _Examination:
    """One examination; the first trouble of a cause stands."""

    def __init__(self, connection: Connection, session: Session) -> None:
        self.found: dict[str, Trouble] = {}
        self._connection = connection
        self._session = session
        self._forbidden: ProviderError | None = None

    async def run(self) -> None:
        if await self._try_application():
            await self._try_user()
        self._compare_clocks()

    async def _try_application(self) -> bool:
        """Say whether it makes sense to try the user, too."""
        try:
            await self._session.sign_in(Actor.APPLICATION)
        except ProviderError as error:
            self._note_login(error, Actor.APPLICATION)
            return False
        return await self._try_call(_CUSTOMERS)

    async def _try_user(self) -> None:
        try:
            token = await self._session.sign_in(Actor.USER)
        except ProviderError as error:
            self._note_login(error, Actor.USER)
            self._note_forbidden()
            return
        if token.methods is not None and not any(method.endswith("mfa") for method in token.methods):
            self._note(troubles.NO_MFA)
        if self._connection.has_agreements:
            answered = await self._try_call(_TERMS)
            if answered and self._forbidden is None:
                await self._try_rights()
        else:
            self._note(troubles.AGREEMENTS_UNSUPPORTED)
            answered = True
        if answered:
            await self._compare_environments()
            await self._explain_forbidden()
        if self._session.mfa_compliant is False:
            self._note(troubles.NO_MFA)

    async def _try_call(self, call: Call[Page[Record]]) -> bool:
        """Make a call, and say whether others can fare better."""
        try:
            await self._session.send(call)
        except AdministratorNeeded as error:
            cause = troubles.cause_of_refusal(error.provider_code)
            if cause is not None:
                self._note(cause, _trace(error))
                return False
            self._forbidden = self._forbidden or error
        except ProviderError as error:
            self._note(troubles.UNREACHABLE, str(error))
            return False
        return True

    async def _try_rights(self) -> None:
        """Try what takes the right to act for customers: users without it may read the terms all the same."""
        try:
            customers = await self._session.send(_CUSTOMERS)
            ids = [each.text("id") for each in customers.items[:1]]
            for call in [*(_agreements_of(each) for each in ids if each), _INVITATION]:
                await self._session.send(call)
        except AdministratorNeeded as error:
            if error.provider_code == ROLE_DOES_NOT_SUFFICE:
                self._forbidden = self._forbidden or error
        except ProviderError:
            return  # it says nothing of rights: a sandbox, for one, invites nobody

    async def _compare_environments(self) -> None:
        declared = self._connection.environment
        if declared is None:
            return
        try:
            domain = await self._session.send(_DOMAIN)
        except ProviderError:
            return  # what forbids it has been noted, and without an answer there is nothing to compare
        if domain is None:
            return
        is_sandbox = domain.casefold().endswith(SANDBOX_DOMAIN)
        seen = Environment.SANDBOX if is_sandbox else Environment.PRODUCTION
        if seen is not declared:
            names = f"declared {declared.lower()}, but {domain} is {seen.lower()}"
            self._note(troubles.WRONG_ENVIRONMENT, names)

    async def _explain_forbidden(self) -> None:
        """Tell a reseller's tenant from a role, which the same code refuses."""
        if self._forbidden is None:
            return
        try:
            providers = await self._session.send(_INDIRECT_PROVIDERS)
        except ProviderError:
            self._note_forbidden()
            return
        if providers.items:
            self._note(troubles.INDIRECT_RESELLER, _trace(self._forbidden))
        else:
            self._note_forbidden()

    def _compare_clocks(self) -> None:
        skew = self._session.skew
        if skew is not None and abs(skew) > LARGEST_SKEW:
            minutes = round(abs(skew) / timedelta(minutes=1))
            self._note(troubles.CLOCK_OFF, f"{minutes} minutes {'ahead' if skew > timedelta() else 'behind'}")

    def _note_login(self, error: ProviderError, actor: Actor) -> None:
        if isinstance(error, ProviderUnavailable):
            self._note(troubles.UNREACHABLE, str(error))
            return
        cause = troubles.cause_of_login(error.provider_code or "", as_user=actor is Actor.USER)
        self._note(cause or troubles.LOGIN_REFUSED, _trace(error))

    def _note_forbidden(self) -> None:
        if self._forbidden is not None:
            self._note(troubles.ROLE_LACKS_RIGHT, _trace(self._forbidden))

    def _note(self, cause: troubles.Cause, detail: str | None = None) -> None:
        self.found.setdefault(cause.name, cause.trouble(detail))


def _agreements_of(customer_id: str) -> Call[Record]:
    return Call(
        path=f"{of_customer(customer_id)}/agreements",
        read=Record,
        params={"agreementType": "*"},
        actor=Actor.USER,
    )


def _trace(error: ProviderError) -> str | None:
    """Give what the provider's support asks for."""
    named = {
        "code": error.provider_code,
        "request": error.request_id,
        "correlation": error.correlation_id,
    }
    return ", ".join(f"{name} {value}" for name, value in named.items() if value) or None
