"""Queries as plans: few SQL statements, and a function made for each that turns its rows into JSON.

`Plans.answer` is where it begins. `planner` makes a plan of a selection, `bound` gives it the values of a
request, `run` reads and answers. Whatever is out of the ordinary is left to graphql-core: its answers, and
above all its errors, are the only ones there are.
"""

# pyright: standard
# Not strict: what graphql-core brings is untyped.
import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLObjectType, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues
from sqlalchemy import Dialect

from graph.compiler.bound import Binder, Given
from graph.compiler.documents import conditions
from graph.compiler.levels import Unplannable
from graph.compiler.outputs import Anomaly
from graph.compiler.plan import Plan
from graph.compiler.planner import Planner, refers
from graph.compiler.run import Run
from graph.compiler.variables import Variables
from graph.documents import Document
from graph.reader import Reader
from graph.requests import GraphQLRequest
from graph.responses import OPTIONS, least_bytes
from graph.schema import Paced, Schema
from graph.source import SourceFailed, Steps

_MOST_VARIANTS = 16
"""Plans of one document: it may have a condition on every field."""
_log = logging.getLogger(__name__)


class TooLarge(Exception):
    """The answer has more bytes than one may have."""


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
    """

    def __init__(self, schema: Schema) -> None:
        self.counts = Counts()
        self._schema = schema.core
        self._binder = Binder(schema)
        self._referring: dict[str, bool] = {}

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
            variables = self._variables(document, node).values(request.variables)
            plan = self.plan(document, node, variables, source.dialect)
            given = Given(request.variables, variables, reader, source)
            run = Run(plan, self._binder.bind(plan, given), given)
            found = await source.run(_written(run, plan, most_bytes), one=plan.is_one_statement)
        except Unplannable:
            self.counts.unplanned += 1
            return None
        except (GraphQLError, Anomaly, LookupError, SourceFailed) as error:
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

    def references(self, document: Document, request: GraphQLRequest, reader: Reader) -> "References":
        """What reads, for payloads of one operation, the rows they refer to."""
        return References(self, document, request, reader)

    async def referred(  # noqa: PLR0913, PLR0917  # what a payload depends on
        self,
        document: Document,
        request: GraphQLRequest,
        reader: Reader,
        executor: Paced,
        served: GraphQLObjectType,
        details: list[Any],
        held: object,
    ) -> Mapping[str, Any]:
        """The rows that a payload refers to, by response name; none if graphql-core has to read them."""
        source = reader.source
        if source is None:
            return {}
        try:
            plan = self._kept(
                document,
                (source.dialect.name, id(details[0].node)),
                executor.variable_values,
                lambda: Planner(
                    self._schema, document.node, executor.operation, executor.variable_values, source.dialect
                ).references(served, details),
            )
            if not plan.roots:
                return {}
            given = Given(request.variables, executor.variable_values, reader, source, held)
            run = Run(plan, self._binder.bind(plan, given), given)
            found = await source.run(run.steps(), one=plan.is_one_statement)
        except Unplannable:
            return {}
        except (GraphQLError, Anomaly, LookupError, SourceFailed) as error:
            _log.debug("A plan was abandoned: %s: %s", type(error).__name__, error)
            return {}
        except Exception:  # noqa: BLE001  # graphql-core reads them all the same; the fault is ours
            _log.exception("A plan failed")
            return {}
        return found

    def refers(self, served: GraphQLObjectType) -> bool:
        """Whether objects of the type refer to rows."""
        if served.name not in self._referring:
            self._referring[served.name] = refers(served)
        return self._referring[served.name]

    def plan(
        self, document: Document, node: OperationDefinitionNode, variables: VariableValues, dialect: Dialect
    ) -> Plan:
        """The plan of an operation, made once for each outcome of its conditions.

        Raises:
            Unplannable: It takes graphql-core.
        """
        return self._kept(
            document,
            (dialect.name, id(node)),
            variables,
            lambda: Planner(self._schema, document.node, node, variables, dialect).plan(),
        )

    def _kept(
        self, document: Document, place: Hashable, variables: VariableValues, make: Callable[[], Plan]
    ) -> Plan:
        """The plan of a place in the document, made once for each outcome of the document's conditions."""
        kept = document.plans
        if _CONDITIONS not in kept:
            kept[_CONDITIONS] = conditions(document.node)
        names = kept[_CONDITIONS]
        if names is None:
            raise Unplannable("A directive asks for more than to skip or include.")
        key = self, place, tuple(variables.coerced.get(name) for name in names)
        found = kept.get(key)
        if found is None:
            try:
                found = make()
            except Unplannable as error:
                found = error
            if len(kept) > _MOST_VARIANTS:
                kept.clear()
                kept[_CONDITIONS] = names
            kept[key] = found
        if isinstance(found, Unplannable):
            raise found
        return found

    def _variables(self, document: Document, node: OperationDefinitionNode) -> Variables:
        key = self, id(node)
        found = document.plans.get(key)
        if found is None:
            found = document.plans[key] = Variables(self._schema, node)
        return found


_CONDITIONS = "conditions"


class References:
    """Reads the rows that payloads of one operation refer to: see `graph.schema.ReadReferences`."""

    def __init__(self, plans: Plans, document: Document, request: GraphQLRequest, reader: Reader) -> None:
        self._plans, self._document, self._request, self._reader = plans, document, request, reader

    def concerns(self, served: GraphQLObjectType) -> bool:
        return self._plans.refers(served)

    async def __call__(
        self, executor: Paced, served: GraphQLObjectType, details: list[Any], held: object
    ) -> Mapping[str, Any]:
        return await self._plans.referred(
            self._document, self._request, self._reader, executor, served, details, held
        )


def _written(run: Run, plan: Plan, most_bytes: int) -> Steps[bytes]:
    data = yield from run.steps()
    # A text that was read once may be in the answer a thousand times: it is not written to be measured.
    if plan.repeats and least_bytes(data, most_bytes) > most_bytes:
        raise TooLarge
    body = orjson.dumps(data, option=OPTIONS)
    if len(body) > most_bytes:
        raise TooLarge
    return body
