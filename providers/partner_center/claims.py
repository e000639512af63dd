"""What an access token says of its user, read as Microsoft's own tools for partners do."""

import base64
import json
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """A token need not be readable, nor must we mind if it is not: what it does not tell is None.

    Attributes:
        methods: How the user signed in.
        user_name: As whom.
    """

    methods: frozenset[str] | None = None
    user_name: str | None = None

    @property
    def mfa(self) -> bool | None:
        """Tell whether it took more than a password."""
        return None if self.methods is None else any(method.endswith("mfa") for method in self.methods)


def read_claims(token: str) -> Claims:
    try:
        payload = token.split(".")[1]
        said: object = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (LookupError, ValueError):
        return Claims()
    if not isinstance(said, dict):
        return Claims()
    claims = cast("dict[str, object]", said)
    methods = claims.get("amr")
    names = (claims.get(name) for name in ("upn", "preferred_username", "unique_name"))
    return Claims(
        methods=frozenset(map(str, cast("list[object]", methods))) if isinstance(methods, list) else None,
        user_name=next((name for name in names if isinstance(name, str)), None),
    )
