"""What keeps a connection to a REST provider from working, and what to do about it."""

from collections.abc import Sequence

from providers.base import Trouble
from providers.errors import AdministratorNeeded, InputRefused, ProviderError, Unsupported
from providers.rest import calls
from providers.rest.refusals import Absent, Foreign
from providers.rest.session import Session

_NOT_A_PROVIDER = (Foreign, Absent, InputRefused, Unsupported)


async def examine(session: Session) -> Sequence[Trouble]:
    """Ask for the capabilities and for the customers, as every sync does."""
    try:
        properties = await session.send(calls.PROPERTIES)
        await session.send(calls.CUSTOMERS)
    except ProviderError as error:
        return [_trouble(error)]
    if properties.capabilities.agreement_confirmation:
        return []
    return [
        Trouble(
            cause="AGREEMENTS_UNSUPPORTED",
            message="The provider says that it confirms no agreements.",
            remedy="Have the provider switch this on in its connector, or record agreements by hand.",
        )
    ]


def _trouble(error: ProviderError) -> Trouble:
    if isinstance(error, AdministratorNeeded):
        return Trouble(
            cause="WRONG_KEY",
            message=f"The provider does not accept our key. {error}",
            remedy="Ask the provider for the key that it has given to you, and store it anew.",
        )
    if isinstance(error, _NOT_A_PROVIDER):
        return Trouble(
            cause="NOT_A_PROVIDER",
            message=f"At this address nobody speaks the REST provider contract. {error}",
            remedy="Compare the address with the one that the provider names: a part of its path may lack.",
        )
    return Trouble(
        cause="UNREACHABLE",
        message=str(error),
        remedy="See whether the address is right, the provider is up, and a proxy or firewall lets us out.",
    )
