"""`agreements explain`: how a query would be answered, without asking the database."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import orjson

from agreements_api.asking import ended_by_ctrl_c
from agreements_api.database import Database
from agreements_api.errors import StartupError
from agreements_api.graphql import make_engine, sizes_of
from agreements_api.services import LOCAL_ACTOR
from agreements_api.settings import Settings
from graph import Code, GraphQLRequest, Operation, Reader, Response

_SHOWN_BY_GRAPHIQL = frozenset({Code.GRAPHQL_PARSE_FAILED, Code.GRAPHQL_VALIDATION_FAILED})
_MARKS = {
    "| ": "SQL of a level; the values of its parameters stand below it",
    "> ": "the Python function that is made of the query to write the rows as JSON",
}
_REFUSED = re.compile(r"^( +)if it is reached: ", re.MULTILINE)
_WHAT_TO_GIVE = "Give a document, a file, or -."


async def run_explain(
    settings: Settings, query: str, variables: str, operation_name: str | None, *, say: Callable[[str], None]
) -> None:
    """Say what the query costs, and its plan.

    Args:
        settings: Its limits, and its database: of that only the kind matters.
        query: The document, or a file that holds it; `-` reads standard input.
        variables: A JSON object.
        operation_name: Which of several operations.
        say: Takes what is found.

    Raises:
        StartupError: The query or its variables are not valid, or it asks for more than the limits allow.
    """
    request = GraphQLRequest(_read(query), operation_name=operation_name, variables=_object(variables))
    engine = make_engine(settings)
    operation = engine.prepare(request, "explain")
    if isinstance(operation, Response):
        raise _refusal(operation)
    async with Database(settings.database_url) as database:
        # Nothing is read, and of cursors in the document the plan is told that they are foreign.
        reader = Reader(
            database.reads, LOCAL_ACTOR, key=b"explain", limits=sizes_of(settings), source=database.plans
        )
        try:
            plan = engine.explain(operation, reader)
        except ValueError as error:
            raise StartupError(
                f"{error}", hint="""Give them with --variables, such as '{"first": 10}'."""
            ) from error
        say(_cost(settings, operation))
        say(f"{_legend(plan, database)}{_with_refusals(plan)}")


def _refusal(refused: Response) -> StartupError:
    hint = "Send it to GraphiQL to see where it is wrong." if refused.codes <= _SHOWN_BY_GRAPHIQL else ""
    return StartupError(" ".join(map(_told, refused.errors)), hint=hint)


def _told(error: Mapping[str, Any]) -> str:
    message = str(error["message"])
    if error["extensions"]["code"] == Code.BAD_REQUEST:
        # What is a member of requests is an option here.
        message = message.replace("in operationName", "with --operation")
    places = [f"line {each['line']}, column {each['column']}" for each in error.get("locations", ())]
    where = " and ".join(places)
    return f"{where[0].upper()}{where[1:]}: {message}" if where else message


def _cost(settings: Settings, operation: Operation) -> str:
    return (
        f"Cost: at most {operation.cost} rows of {settings.max_cost} allowed, "
        f"{operation.work} fields of {settings.max_resolved}."
    )


def _legend(plan: str, database: Database) -> str:
    """Say what the lines of a plan are; without one the text speaks for itself."""
    begun_with = {line.lstrip()[:2] for line in plan.splitlines()}
    marks = [f"  {mark} {meaning}" for mark, meaning in _MARKS.items() if mark in begun_with]
    if not marks:
        return ""
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    what = "a level for each list that is read, and for objects by their keys, indented as in the query."
    levels = f"Plan, for {kind}: {what}"
    return "\n".join([levels, *marks, "", ""])


def _with_refusals(plan: str) -> str:
    """Call a level that the limits refuse so: the request is taken, and its answer has an error there."""
    return _REFUSED.sub(r"\1refused, as soon as it is reached: ", plan)


def _read(query: str) -> str:
    document = _document(query)
    if not document.strip():
        raise StartupError("The document is empty.", hint=_WHAT_TO_GIVE)
    return document


def _document(query: str) -> str:
    if query == "-":
        with ended_by_ctrl_c():
            return sys.stdin.read()
    if "{" in query or not query.strip():
        return query
    try:
        return Path(query).read_text("utf-8")
    except OSError as error:
        raise StartupError(f"{query}: {error.strerror}.", hint=_WHAT_TO_GIVE) from error


def _object(text: str) -> dict[str, Any]:
    try:
        found: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StartupError(
            f"The variables are no JSON: {error}.", hint="""Such as '{"first": 10}'."""
        ) from error
    if not isinstance(found, dict):
        raise StartupError("The variables are no JSON object.", hint="""Such as '{"first": 10}'.""")
    return cast("dict[str, Any]", found)
