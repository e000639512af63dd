"""Rules that make chosen calls fail, the way the real service and the network do."""

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

FaultKind = Literal[
    "status",  # not executed; this status, body and Retry-After
    "status_after",  # executed, and then this status all the same
    "timeout_before",  # not executed, never answered
    "timeout_after",  # executed, never answered
    "delay",  # executed after some seconds
    "truncate",  # executed; the second half of the body is missing
    "pascal_case",  # executed; member names as some back ends spell them
    "html",  # not executed; a gateway's error page
    "drop",  # not executed; the connection closes
    "drop_after",  # executed; the connection closes
]


class FaultAction(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    kind: FaultKind
    status: int | None = Field(None, ge=200, le=599)
    retry_after_seconds: int | None = Field(None, ge=0)
    seconds: float = Field(1.0, ge=0)
    body: object = None


class Fault(BaseModel):
    """Calls whose method fits and in whose path, bare or with query, the pattern is found."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    path: str
    action: FaultAction
    method: str | None = None
    skip: int = Field(0, ge=0, description="Fitting calls that pass first.")
    times: int = Field(1, ge=1, description="Fitting calls that fail then.")

    @field_validator("path")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern

    def fits(self, method: str, path: str, query: str) -> bool:
        if self.method is not None and self.method.upper() != method:
            return False
        pattern = re.compile(self.path)
        return bool(pattern.search(path) or (query and pattern.search(f"{path}?{query}")))


@dataclass
class FaultRule:
    """A fault and the number of fitting calls it has seen."""

    fault: Fault
    seen: int = 0

    def take(self, method: str, path: str, query: str) -> FaultAction | None:
        """Count the call if it fits, and say what becomes of it."""
        if not self.fault.fits(method, path, query):
            return None
        self.seen += 1
        first, last = self.fault.skip + 1, self.fault.skip + self.fault.times
        return self.fault.action if first <= self.seen <= last else None


def take_fault(rules: list[FaultRule], method: str, path: str, query: str) -> FaultAction | None:
    """Count the call with every rule; the first that is due decides."""
    actions = [rule.take(method, path, query) for rule in rules]
    return next((action for action in actions if action is not None), None)
