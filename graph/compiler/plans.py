"""Answers queries by plans, those that can be, and keeps the plans with their documents."""

# pyright: standard
# Not strict: what graphql-core brings is untyped.
import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues
from sqlalchemy import Dialect

from graph.compiler.bound import Binder, Given
from graph.compiler.documents import conditions
from graph.compiler.explain import explained
from graph.compiler.levels import Unplannable
from graph.compiler.plan import Plan
from graph.compiler.planner import Planner
from graph.compiler.run import ABANDONED, Run, wanted
from graph.compiler.together import Together
from graph.compiler.variables import Variables
from graph.documents import Document
from graph.reader import Reader
from graph.requests import GraphQLRequest
from graph.responses import OPTIONS, least_bytes
from graph.schema import Schema
from graph.source import Steps

_MOST_VARIANTS = 16
"""Plans of one operation: it may have a condition on every field."""
_log = logging.getLogger(__name__)


class TooLarge(Exception):
    """The answer has more bytes than one may have."""


@dataclass(frozen=True, eq=False)
class _Known:
    """What is known of one operation for all of its plans.

    Attributes:
        variables: Those it defines.
        conditions: Of them those that decide what is selected; None where a directive asks for more.
        plans: By their place in it and by the outcome of its conditions; a text says why there is none.
    """

    variables: Variables
    conditions: tuple[str, ...] | None
    plans: dict[Hashable, Plan | str] = field(default_factory=dict[Hashable, "Plan | str"])

    def plan(self, place: Hashable, variables: VariableValues) -> Plan | None:
        """The plan of a place, None if none was made so far.

        Raises:
            Unplannable: It takes graphql-core.
        """
        found = self.plans.get(self._key(place, variables))
        if isinstance(found, str):
            raise Unplannable(found)
        return found

    def keep(self, place: Hashable, variables: VariableValues, made: Plan | str) -> None:
        if len(self.plans) >= _MOST_VARIANTS:
            self.plans.clear()
        self.plans[self._key(place, variables)] = made

    def _key(self, place: Hashable, variables: VariableValues) -> Hashable:
        if not self.conditions:
            if self.conditions is None:
                raise Unplannable("A directive asks for more than to skip or include.")
            return place
        values = [variables.coerced.get(name) for name in self.conditions]
        return place, *[value if isinstance(value, bool) else None for value in values]


@dataclass
class Counts:
    """How queries were answered: by a plan, without one, or by none after all, as something was odd."""

    planned: int = 0
    unplanned: int = 0
    abandoned: int = 0


class Plans:
    """Answers queries by plans, those that can be.

    Args:
        schema: What is served.

    Attributes:
        counts: How queries were answered so far.
        binder: Gives plans the values of requests.
    """

    def __init__(self, schema: Schema) -> None:
        self.counts = Counts()
        self.schema = schema.core
        self.binder = Binder(schema)
        self._together = Together(self.binder)

    async def answer(
        self,
        document: Document,
        node: OperationDefinitionNode,
        request: GraphQLRequest,
        reader: Reader,
        most_bytes: int,
    ) -> bytes | None:
        """The query's data in JSON; None if graphql-core has to answer.

        Args:
            document: Valid, and within the limits.
            node: An operation of it.
            request: Brings the variables.
            reader: Of the operation.
            most_bytes: That the answer may have.

        Raises:
            TooLarge: It has more.
        """
        source = reader.source
        if source is None or node.operation is not OperationType.QUERY:
            return None
        try:
            dialect, known = source.dialect, self._known(document, node)
            variables = known.variables.values(request.variables)
            plan = known.plan(dialect.name, variables)
            if plan is None:
                plan = self.plan(document, node, variables, dialect)
            if plan.row is None:
                run = Run(plan, self.binder, Given(request.variables, variables, reader, dialect))
                steps = _written(run, most_bytes)
                found = await source.run(steps, plan.habit, one=plan.is_one_statement)
            else:
                name, root = plan.row
                level, key = wanted(root, variables, dialect)
                row = None if level is None else await self._together.row(source, plan, level, key, reader)
                found = _body({name: row}, plan, most_bytes)
        except Unplannable:
            self.counts.unplanned += 1
            return None
        except ABANDONED as error:
            self.counts.abandoned += 1
            _log.debug("A plan was abandoned: %s: %s", type(error).__name__, error)
            return None
        except TooLarge:
            raise
        except Exception:  # noqa: BLE001  # graphql-core answers all the same; the fault is ours
            self.counts.abandoned += 1
            _log.exception("A plan failed")
            return None
        self.counts.planned += 1
        return found

    def plain(
        self, document: Document, node: OperationDefinitionNode, sent: Mapping[str, Any]
    ) -> VariableValues | None:
        """The values of an operation's variables, where they are soon told; else None."""
        return self._known(document, node).variables.plain(sent)

    def explain(
        self, document: Document, node: OperationDefinitionNode, request: GraphQLRequest, reader: Reader
    ) -> str:
        """How an operation is answered, for people.

        Raises:
            ValueError: The variables do not fit it.
        """
        source = reader.source
        if source is None or node.operation is not OperationType.QUERY:
            return f"Answered by graphql-core: it is a {node.operation.value}."
        try:
            variables = self._known(document, node).variables.values(request.variables)
            plan = self.plan(document, node, variables, source.dialect)
        except GraphQLError as error:
            raise ValueError(error.message) from error
        except Unplannable as error:
            return f"Answered by graphql-core: {error}"
        given = Given(request.variables, variables, reader, source.dialect)
        return explained(plan, lambda level: self.binder.bind(plan, level, given))

    def plan(
        self, document: Document, node: OperationDefinitionNode, variables: VariableValues, dialect: Dialect
    ) -> Plan:
        """The plan of an operation, made once for each outcome of its conditions.

        Raises:
            Unplannable: It takes graphql-core.
        """
        return self.kept(
            document,
            node,
            dialect.name,
            variables,
            lambda: Planner(self.schema, document.node, node, variables, dialect).plan(),
        )

    def kept(  # what a plan depends on
        self,
        document: Document,
        node: OperationDefinitionNode,
        place: Hashable,
        variables: VariableValues,
        make: Callable[[], Plan],
    ) -> Plan:
        """The plan of a place in an operation, made once for each outcome of the operation's conditions.

        Raises:
            Unplannable: It takes graphql-core.
        """
        known = self._known(document, node)
        found = known.plan(place, variables)
        if found is None:
            try:
                found = make()
            except Unplannable as error:
                # Not the error itself: each time that it is raised it would hold on to one request more.
                known.keep(place, variables, str(error))
                raise
            known.keep(place, variables, found)
        return found

    def _known(self, document: Document, node: OperationDefinitionNode) -> _Known:
        key = self, id(node)
        found = document.plans.get(key)
        if found is None:
            known = _Known(Variables(self.schema, node), conditions(document.node, node))
            found = document.plans[key] = known
        return found


def _written(run: Run, most_bytes: int) -> Steps[bytes]:
    return _body((yield from run.steps()), run.plan, most_bytes)


def _body(data: Mapping[str, Any], plan: Plan, most_bytes: int) -> bytes:
    # A text that was read once may be in the answer a thousand times: it is not written to be measured.
    if plan.repeats and least_bytes(data, most_bytes) > most_bytes:
        raise TooLarge
    body = orjson.dumps(data, option=OPTIONS)
    if len(body) > most_bytes:
        raise TooLarge
    return body
