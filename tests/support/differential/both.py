"""One operation, run with a plan and by graphql-core alone; the difference, if there is one."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph import Context, Engine, GraphQLRequest, Operation, Response
from graph.compiler import Plans


@dataclass(frozen=True)
class Difference:
    """A request that is answered in two ways, in JSON."""

    request: GraphQLRequest
    planned: str
    plain: str

    def __str__(self) -> str:
        asked = self.request
        head = f"operation {asked.operation_name}, variables {json.dumps(dict(asked.variables))}"
        return f"{asked.query}\n{head}\n  planned: {self.planned}\n  plain:   {self.plain}"


@dataclass
class Both:
    """Two engines over one schema and one database.

    Attributes:
        plans: Those of the first engine.
        planned: Runs operations by their plans.
        plain: Leaves them all to graphql-core.
        context: Makes the context of one run; what it is given goes through from `difference`.
        told: How many runs were answered how.
        last: The answer to the request that was run last, in JSON.
        way: How its run with plans was answered.
    """

    plans: Plans
    planned: Engine
    plain: Engine
    context: Callable[..., Context]
    told: Counter[str] = field(default_factory=Counter[str])
    last: str = ""
    way: str = ""

    async def difference(
        self, request: GraphQLRequest, *, planned_first: bool, **caller: Any
    ) -> Difference | None:
        """Run an operation in both ways.

        Args:
            request: A query.
            planned_first: Which way comes first.
            caller: Of whom the context is made.
        """
        for _ in range(3):
            found: dict[bool, str] = {}
            for planned in (planned_first, not planned_first):
                found[planned] = await self._answer(request, caller, planned=planned)
            self.last = found[False]
            if found[True] == found[False]:
                return None
            if self.way == "planned":
                break
            # Of several errors that make one place null, graphql-core tells the one that came first.
        return Difference(request, found[True], found[False])

    async def _answer(self, request: GraphQLRequest, caller: dict[str, Any], *, planned: bool) -> str:
        before = self.plans.counts.planned, self.plans.counts.abandoned
        response = await self._run(self.planned if planned else self.plain, request, caller)
        if planned:
            self._tell(response, before)
        return comparable(response)

    def _tell(self, response: Response, before: tuple[int, int]) -> None:
        """Count a run by how it was answered, and whether without errors."""
        counts = self.plans.counts
        if not response.executed:
            way = "refused"
        elif counts.planned > before[0]:
            way = "planned"
        else:
            way = "abandoned" if counts.abandoned > before[1] else "unplanned"
        self.told[f"{way} with errors" if response.errors and way != "refused" else way] += 1
        self.way = way

    async def _run(self, engine: Engine, request: GraphQLRequest, caller: dict[str, Any]) -> Response:
        context = self.context(**caller)
        operation = engine.prepare(request, context.request_id)
        if not isinstance(operation, Operation):
            return operation
        others = asyncio.all_tasks()
        response = await engine.run(operation, context)
        if left := asyncio.all_tasks() - others:  # beside a field that failed, others go on
            for each in left:
                each.cancel()
            await asyncio.wait(left)
            await context.reader.close()
        return response


def comparable(response: Response) -> str:
    """A response as JSON in which only the order of errors does not count."""
    content = json.loads(response.body)
    errors = [
        (
            _place(each.get("path", ()), content.get("data")),
            each["extensions"]["code"],
            each["message"],
            each.get("locations"),
        )
        for each in content.get("errors", ())
    ]
    content["errors"] = sorted(json.dumps(each) for each in errors)
    return json.dumps([response.executed, response.final, len(response.errors), content])


def _place(path: Sequence[str | int], data: Any) -> list[str | int]:
    """The path of an error, as far as it can be seen: beneath what it made null, it may be any item's."""
    seen: list[str | int] = []
    for step in path:
        seen.append("*" if data is None and isinstance(step, int) else step)
        data = data[step] if data is not None else None
    return seen
