"""Rules that make chosen calls fail, the way the real service and the network do."""

import re
from random import Random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

FaultKind = Literal[
    "status",  # not executed; this status, body and Retry-After
    "status_after",  # executed, and then this status all the same
    "timeout_before",  # not executed, never answered
    "timeout_after",  # executed, never answered
    "delay",  # executed after some seconds
    "truncate",  # executed; the second half of the body is missing
    "pascal_case",  # executed; member names as some back ends spell them
    "missing_members",  # executed; `members`, or all that are optional, are not there
    "null_members",  # executed; `members`, or all that are optional, are null
    "extra_members",  # executed; every object has members that nobody knows
    "extra_values",  # executed; an unknown agreement type in a list, else unknown values of `members`
    "mfa_off",  # not executed; as if the user had signed in without MFA
    "wrong_audience",  # not executed; as if the token were for another resource
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
    members: list[str] | None = None


class Fault(BaseModel):
    """Calls whose method fits and in whose path, bare or with query, the pattern is found."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    path: str
    action: FaultAction | None = None
    actions: list[FaultAction] = Field([], description="In place of `action`: one of them, by chance.")
    method: str | None = None
    skip: int = Field(0, ge=0, description="Fitting calls that pass first.")
    times: int | None = Field(None, ge=1, description="Calls that fail then; none: 1, with a rate all.")
    rate: float | None = Field(None, gt=0, le=1, description="Part of the fitting calls that fails.")
    seed: int = Field(0, description="Of the chance that chooses calls and actions.")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if (self.action is None) == (not self.actions):
            raise ValueError("give either action or actions")
        return self

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


class FaultRule:
    """A fault, the number of fitting calls it has seen, and of those that it spoiled."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.struck = 0
        self._chance = Random(fault.seed)  # noqa: S311 - a test wants the same again, not a secret

    def take(self, method: str, path: str, query: str) -> FaultAction | None:
        """Count the call if it fits, and say what becomes of it."""
        fault = self.fault
        if not fault.fits(method, path, query):
            return None
        self.seen += 1
        times = fault.times or (1 if fault.rate is None else None)
        if self.seen <= fault.skip or (times is not None and self.struck >= times):
            return None
        if fault.rate is not None and self._chance.random() >= fault.rate:
            return None
        self.struck += 1
        return fault.action or self._chance.choice(fault.actions)


def take_fault(rules: list[FaultRule], method: str, path: str, query: str) -> FaultAction | None:
    """Count the call with every rule; the first that is due decides."""
    if not rules:
        return None
    actions = [rule.take(method, path, query) for rule in rules]
    return next((action for action in actions if action is not None), None)
