"""Where a worker is killed: while it waits for the answer to a call, which took effect or did not."""

from dataclasses import dataclass

from support.jobs import until
from support.partner_center import There


@dataclass(frozen=True)
class KillPoint:
    """A call that hangs, by its method and path; `skip` calls like it are answered before."""

    name: str
    call: tuple[str, str]
    kind: str
    skip: int = 0

    async def prepare(self, there: There, path: str | None = None) -> None:
        """Let the call hang; `path` stands for its own."""
        method, usual = self.call
        await there.clear_requests()
        await there.fault(path or usual, {"kind": self.kind}, method=method, skip=self.skip)

    async def reached(self, there: There) -> None:
        """Wait until the call hangs."""

        async def is_held() -> bool:
            return any(each["fault"] == self.kind for each in await there.requests())

        await until(is_held)
