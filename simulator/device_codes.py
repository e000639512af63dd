"""Sign-ins on another device: a short code that a person types in elsewhere, while the program asks again."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.partners import User

LIFETIME = timedelta(minutes=15)
INTERVAL_SECONDS = 1
"""How long a program is asked to wait between two questions; Microsoft says 5."""

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"
"""Neither vowels, which make words, nor what can be mistaken for something else."""


@dataclass
class DeviceSignIn:
    """One sign-in under way; `user` and `declined` come from the person, who may never answer."""

    tenant_id: str
    client_id: str
    scope: str
    user_code: str
    expires_at: datetime
    user: User | None = None
    declined: bool = False


@dataclass
class DeviceSignIns:
    """All that are under way, by the program's code; in memory, since they live for minutes."""

    now: Callable[[], datetime]
    _by_device_code: dict[str, DeviceSignIn] = field(default_factory=dict[str, DeviceSignIn])

    def begin(self, tenant_id: str, client_id: str, scope: str) -> tuple[str, DeviceSignIn]:
        """Give the program's code and the person's."""
        sign_in = DeviceSignIn(
            tenant_id.lower(),
            client_id.lower(),
            scope,
            "".join(secrets.choice(_LETTERS) for _ in range(9)),
            self.now() + LIFETIME,
        )
        device_code = secrets.token_urlsafe(48)
        self._by_device_code[device_code] = sign_in
        return device_code, sign_in

    def find(self, user_code: str) -> DeviceSignIn | None:
        """Find what a person may still answer; blanks and case do not matter."""
        typed = "".join(user_code.split()).upper()
        for sign_in in self._by_device_code.values():
            if sign_in.user_code == typed and not sign_in.user and not sign_in.declined:
                return None if self.is_over(sign_in) else sign_in
        return None

    def ask(self, device_code: str) -> DeviceSignIn | None:
        return self._by_device_code.get(device_code)

    def forget(self, device_code: str) -> None:
        self._by_device_code.pop(device_code, None)

    def is_over(self, sign_in: DeviceSignIn) -> bool:
        return self.now() >= sign_in.expires_at

    def clear(self) -> None:
        self._by_device_code.clear()
