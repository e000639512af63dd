"""What a connection that works looks like from inside, for the person who has set it up."""

from dataclasses import dataclass
from datetime import timedelta

from providers.partner_center.claims import read_claims
from providers.partner_center.session import Actor, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was seen.

    Attributes:
        user_name: The partner user who consented; None if the token does not tell.
        mfa: Whether that user signed in with more than a password; None likewise.
        skew: How far our clock is ahead of the service's, negative if behind; None before any answer.
    """

    user_name: str | None
    mfa: bool | None
    skew: timedelta | None


async def find_out(session: Session) -> Findings:
    """Sign in as the user, and look; raises as every call does."""
    claims = read_claims((await session.sign_in(Actor.USER)).text)
    return Findings(user_name=claims.user_name, mfa=claims.mfa, skew=session.skew)
