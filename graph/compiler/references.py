"""What a mutation's payload refers to: rows that are read by a plan, after the mutation has committed."""

# pyright: standard
# Not strict: what graphql-core brings is untyped.
import logging
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLObjectType

from graph.compiler.bound import Given
from graph.compiler.levels import Unplannable
from graph.compiler.planner import Planner, refers
from graph.compiler.plans import Plans
from graph.compiler.run import ABANDONED, Run
from graph.compiler.written import as_written
from graph.documents import Document
from graph.reader import Reader
from graph.requests import GraphQLRequest
from graph.schema import Paced

_log = logging.getLogger(__name__)


class References:
    """Reads the rows that payloads of one operation refer to: see `graph.schema.ReadReferences`.

    Those of one payload are read in one snapshot. One row that has just been written is known already.
    What no plan can read, graphql-core reads field by field.
    """

    def __init__(self, plans: Plans, document: Document, request: GraphQLRequest, reader: Reader) -> None:
        self._plans, self._document, self._request, self._reader = plans, document, request, reader

    def concerns(self, served: GraphQLObjectType) -> bool:
        return refers(served)

    async def __call__(
        self, executor: Paced, served: GraphQLObjectType, details: list[Any], held: object
    ) -> Mapping[str, Any]:
        try:
            return await self._read(executor, served, details, held)
        except Unplannable:
            return {}
        except ABANDONED as error:
            _log.debug("A plan was abandoned: %s: %s", type(error).__name__, error)
            return {}
        except Exception:  # noqa: BLE001  # graphql-core reads them all the same; the fault is ours
            _log.exception("A plan failed")
            return {}

    async def _read(
        self, executor: Paced, served: GraphQLObjectType, details: list[Any], held: object
    ) -> Mapping[str, Any]:
        source, plans = self._reader.source, self._plans
        if source is None:
            return {}
        variables = executor.variable_values
        plan = plans.kept(
            self._document,
            executor.operation,
            # All of them: another operation may select the same first field, and more.
            (source.dialect.name, *(id(each.node) for each in details)),
            variables,
            lambda: Planner(
                plans.schema, self._document.node, executor.operation, variables, source.dialect
            ).references(served, details),
        )
        if not plan.roots:
            return {}
        known = as_written(plan, held, source.dialect)
        if known is not None:
            return known
        given = Given(self._request.variables, variables, self._reader, source.dialect, held)
        run = Run(plan, plans.binder, given)
        return await source.run(run.steps(), plan.habit, one=plan.is_one_statement)
