"""A course of random documents through two engines: how each is asked, and what came of all of them."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import GraphQLSchema
from support.differential.both import Both, Difference
from support.differential.cursors import following
from support.differential.smaller import smallest
from support.differential.stock import Stock
from support.differential.values import Chances, Json
from support.differential.writer import Writer, Written

from graph import GraphQLRequest

USUAL, STRANGE = Chances(null=0.1), Chances(null=0.2, wrong=0.15)


@dataclass
class Course:
    """What came of the documents so far.

    Attributes:
        ran: Documents that were executed at least once.
        custom: Of those, the ones that ask for what no plan gives.
        planned: Of the others, those that a plan answered, less runs that came to an error.
        unplanned: Of the others, those that graphql-core answered without an error at least once.
        differences: As they were found, each with the least document that still differs.
    """

    ran: int = 0
    custom: int = 0
    planned: int = 0
    unplanned: list[str] = field(default_factory=list[str])
    differences: list[Difference] = field(default_factory=list[Difference])


class Runner:
    """Writes documents and asks them.

    Args:
        both: The engines.
        schema: That they serve.
        stock: What is in their database.
        custom: Matches documents that ask for what no plan gives.
        callers: Whose operations are run, by turns.
    """

    def __init__(
        self,
        both: Both,
        schema: GraphQLSchema,
        stock: Stock,
        *,
        custom: re.Pattern[str],
        callers: Sequence[Mapping[str, Any]] = ({},),
    ) -> None:
        self._both, self._schema, self._stock = both, schema, stock
        self._custom, self._callers = custom, callers
        self.course = Course()
        self.apart = 0
        """Requests that callers got different answers to."""

    @property
    def told(self) -> str:
        """How it goes, for people."""
        course = self.course
        return (
            f"{course.ran} documents ran, {course.custom} of them with what no plan gives; {course.planned} "
            f"planned, {len(course.unplanned)} not; {len(course.differences)} differ; {dict(self._both.told)}"
        )

    async def run(self, seed: int) -> None:
        """Write the document of this seed, and ask it in a few ways."""
        written = Writer(self._schema, self._stock, seed).write()
        random = Random(-seed)  # noqa: S311  # no secrets
        before = Counter(self._both.told)
        for number, request in enumerate(self._requests(written, random)):
            answers: set[str] = set()
            for caller in self._callers:
                first = (seed + number) % 2 == 0
                found = await self._both.difference(request, planned_first=first, **caller)
                if found is not None:
                    self.course.differences.append(await self._least(found, caller))
                    return
                answers.add(self._both.last)
            self.apart += len(answers) > 1
        self._count(written.text, self._both.told - before)

    def _count(self, text: str, told: Counter[str]) -> None:
        course = self.course
        if not told.total() - told["refused"]:
            return
        course.ran += 1
        if self._custom.search(text):
            course.custom += 1
        elif told["unplanned"] or told["unplanned with errors"] or told["abandoned"]:
            course.unplanned.append(text)
        elif told["planned"]:
            course.planned += 1

    def _requests(self, written: Written, random: Random) -> Iterator[GraphQLRequest]:
        """The document with ordinary variables, with cursors of that answer, and with odd variables."""
        name = random.choice(written.names) if random.random() > 0.02 else "Nothing"
        usual = _drawn(written, USUAL, random)
        extensions = {"cost": True} if random.random() < 0.1 else {}
        yield GraphQLRequest(written.text, operation_name=name, variables=usual, extensions=extensions)
        paged = [each for each in written.variables if each.connection is not None]
        if paged:
            data = json.loads(self._both.last)[-1].get("data")
            further = {each.name: following(data, each, random) for each in paged}
            yield GraphQLRequest(written.text, operation_name=name, variables=usual | further)
        elif random.random() < 0.2:
            yield GraphQLRequest(written.text, operation_name=name, variables=usual)
        if len(written.names) > 1 or written.variables:
            name = random.choice(written.names)
            odd = _drawn(written, STRANGE if random.random() < 0.5 else USUAL, random)
            yield GraphQLRequest(written.text, operation_name=name, variables=odd)

    async def _least(self, found: Difference, caller: Mapping[str, Any]) -> Difference:
        asked, least = found.request, found

        async def differs(text: str) -> bool:
            nonlocal least
            request = GraphQLRequest(text, operation_name=asked.operation_name, variables=asked.variables)
            other = await self._both.difference(request, planned_first=True, **caller)
            least = other or least
            return other is not None

        await smallest(asked.query or "", differs)
        return least


def _drawn(written: Written, chances: Chances, random: Random) -> dict[str, Json]:
    """Values for the variables: some are left out, needed or not, and cursors mostly."""
    return {
        each.name: written.draw(each, chances)
        for each in written.variables
        if random.random()
        > (0.9 if each.connection else 0.1 if not each.type.endswith("!") else chances.wrong)
    }
