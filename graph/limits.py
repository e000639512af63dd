"""Demand control: a document that asks for too much is refused before it runs, by what it says alone."""

# pyright: standard
# Not strict: the nodes of graphql-core have their parts under many names.
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    get_introspection_query,
    parse,
    specified_rules,
    validate,
)

from graph.demand.costs import Plan, Sum, advice
from graph.demand.measures import Measure, measured, measured_values
from graph.demand.merging import FieldsMergeRule
from graph.demand.pricing import introspection_sizes, plan
from graph.demand.source import LinedSource
from graph.errors import CodedError
from graph.paging import Limits

_RULES = tuple(
    FieldsMergeRule if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)
_MOST_ERRORS = 5
"""Of validation: names that are like a wrong one are sought in the whole schema, for milliseconds each."""


@dataclass(frozen=True)
class DemandLimits:
    """How much one document may ask for. Counts are those after its fragments are put in place.

    `characters`, `lines` and `tokens` are of the text, and there may be as many comments. `depth` counts
    fields, less `ofType` of the introspection; `nesting` all braces and brackets, also of fragments and
    values. `cost` is a number of rows. `resolved` is one of fields, counted for each object that has them;
    what takes longer than a plain field counts as several. `string_bytes` and `list_items` are of each text
    and list, in the document or in variables.
    """

    characters: int = 80_000
    lines: int = 5_000
    tokens: int = 2_000
    operations: int = 5
    fragments: int = 100
    depth: int = 15
    nesting: int = 50
    fields: int = 1_000
    aliases: int = 30
    arguments: int = 300
    directives: int = 50
    deferrals: int = 20
    string_bytes: int = 64 * 1024
    list_items: int = 250
    cost: int = 10_000
    resolved: int = 100_000


_PLACED = "With its fragments in place the operation has {found}"
_REFUSALS = {
    "operations": (
        "TOO_MANY_OPERATIONS",
        "The document holds {found} operations; at most {limit} are allowed. Send them apart.",
    ),
    "fragments": (
        "TOO_MANY_FRAGMENTS",
        "The document defines {found} fragments; at most {limit} are allowed. Inline those used once.",
    ),
    "depth": (
        "DEPTH_EXCEEDED",
        "Fields stand {found} deep; at most {limit} are allowed. Ask for the lower ones by ids from above.",
    ),
    "nesting": (
        "NESTING_EXCEEDED",
        "Braces stand {found} deep, with brackets and fragments; at most {limit} are allowed. Use fewer.",
    ),
    "fields": (
        "TOO_MANY_FIELDS",
        f"{_PLACED} fields; at most {{limit}} are allowed. Select fewer, or split it.",
    ),
    "aliases": (
        "TOO_MANY_ALIASES",
        f"{_PLACED} aliases; at most {{limit}} are allowed. Ask for many rows by `nodes` or a filter.",
    ),
    "arguments": (
        "TOO_MANY_ARGUMENTS",
        f"{_PLACED} arguments and fields of input objects; at most {{limit}} are allowed. Split it.",
    ),
    "directives": (
        "TOO_MANY_DIRECTIVES",
        f"{_PLACED} directives; at most {{limit}} are allowed. Put one on a fragment instead of each field.",
    ),
    "deferrals": (
        "TOO_MANY_DEFERRALS",
        f"{_PLACED} @defer and @stream; at most {{limit}} are allowed. Defer larger parts.",
    ),
    "string_bytes": (
        "STRING_TOO_LONG",
        "A text is {found} bytes long; at most {limit} are allowed. Shorten it.",
    ),
    "list_items": (
        "LIST_TOO_LONG",
        "A list holds {found} items; at most {limit} are allowed. Send it in parts.",
    ),
}
_OF_OPERATIONS = ("depth", "fields", "aliases", "arguments", "deferrals", "directives", "nesting")
_ABORTED = re.compile(r"(?:contains more than (\d+) (tokens|comments)|(nested too deeply))\b.*aborted\.")


_MOST_KEPT = 32
"""Prices of one operation, for as many values of its variables."""
_LONGEST_KEY = 200
_LONGEST_CHARACTER = 4
"""Bytes in UTF-8."""


def _short_key(variables: Mapping[str, Any]) -> bytes | None:
    """What tells values from others, if it is short."""
    try:
        key = orjson.dumps(variables)
    except TypeError:
        return None
    return key if len(key) <= _LONGEST_KEY else None


def _are_short_texts(variables: Mapping[str, Any], most_bytes: int) -> bool:
    """Whether nothing needs to be measured: most variables are texts that are far from being too long."""
    for value in variables.values():
        if type(value) is not str or len(value) * _LONGEST_CHARACTER > most_bytes:
            return False
    return True


class Price:
    """What one operation of a validated document costs, for any variables."""

    def __init__(self, rows: Plan, meta: Plan, limits: DemandLimits, allowance: Sum) -> None:
        self._rows = rows
        self._meta = meta
        self._limits = limits
        self._allowance = allowance
        self._varies = meta.varies or rows.varies
        self._known: Sum | None = None
        self._found: dict[bytes, Sum] = {}

    def of(self, variables: Mapping[str, Any]) -> Sum:
        """How many rows the operation reads at most, and how many fields it resolves.

        Args:
            variables: As they were sent, or coerced.

        Raises:
            CodedError: COST_EXCEEDED, WORK_EXCEEDED, INTROSPECTION_EXCEEDED, STRING_TOO_LONG, LIST_TOO_LONG
                or NESTING_EXCEEDED.
        """
        if self._varies:
            key = _short_key(variables)
            found = self._found.get(key) if key is not None else None
            if found is None:
                self._check(variables)
                found = self._sum(variables)
                if key is not None:
                    self._keep(key, found)
            return found
        self._check(variables)
        if self._known is None:
            self._known = self._sum(variables)
        return self._known

    def _check(self, variables: Mapping[str, Any]) -> None:
        if not _are_short_texts(variables, self._limits.string_bytes):
            _check(measured_values(variables), self._limits, ("nesting", "string_bytes", "list_items"))

    def _keep(self, key: bytes, found: Sum) -> None:
        if len(self._found) >= _MOST_KEPT:
            self._found.clear()
        self._found[key] = found

    def _sum(self, variables: Mapping[str, Any]) -> Sum:
        asked = self._meta.sum(variables)
        if asked.rows > self._allowance.rows or asked.work > self._allowance.work:
            raise CodedError(
                "The introspection asks for far more than the whole schema. Use the standard query.",
                code="INTROSPECTION_EXCEEDED",
            )
        found, limits = self._rows.sum(variables), self._limits
        if found.rows > limits.cost:
            raise CodedError(
                f"The operation may read {_number(found.rows)} rows; at most {limits.cost} are allowed. "
                f"{advice(self._rows, variables, limits.cost, attrgetter('rows'))}",
                code="COST_EXCEEDED",
            )
        if found.work > limits.resolved:
            raise CodedError(
                f"It may resolve {_number(found.work)} fields in all; at most {limits.resolved} are allowed. "
                f"{advice(self._rows, variables, limits.resolved, attrgetter('work'))}",
                code="WORK_EXCEEDED",
            )
        return found


class Demand:
    """Checks documents against limits, in the order of the methods.

    Args:
        schema: Made by Strawberry of what graph/ declares.
        limits: What a document may ask for.
        sizes: Those of the reader that will run the documents.
        introspection: Whether a document may ask for the schema.
    """

    def __init__(
        self, schema: GraphQLSchema, limits: DemandLimits, sizes: Limits, *, introspection: bool = True
    ) -> None:
        self._schema = schema
        self.limits = limits
        self._sizes = sizes
        self._rules = _RULES if introspection else (*_RULES, NoSchemaIntrospectionCustomRule)
        self._meta_sizes = introspection_sizes(schema)
        own = {
            name
            for each in schema.type_map.values()
            if not each.name.startswith("__")
            for name in getattr(each, "fields", ())
        }
        # The chain of wrapped types is as long as the schema's, however often it is asked on.
        self._free = frozenset({"ofType"} - own)

    def parse(self, text: str) -> DocumentNode:
        """Read a document, of which no more is looked at than is allowed.

        Raises:
            CodedError: DOCUMENT_TOO_LONG, TOO_MANY_TOKENS or NESTING_EXCEEDED.
            GraphQLSyntaxError: It is no document.
        """
        limits = self.limits
        source = LinedSource(text)
        # Counted before anything is read: a parser that refuses the text finds the place of its error first.
        if len(text) > limits.characters:
            raise _unread(str(limits.characters), "characters")
        if source.line_count > limits.lines:
            raise _unread(str(limits.lines), "lines")
        try:
            return parse(source, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
        except GraphQLSyntaxError as error:
            match = _ABORTED.search(error.message)
            if match is None:
                raise
            most, what, _ = match.groups()
            raise _unread(most, what) from error

    def measure(self, document: DocumentNode) -> None:
        """Check the structure of a document, valid or not; in linear time.

        Raises:
            CodedError: One of the limits is exceeded; each has a code of its own.
        """
        limits = self.limits
        literals, operations = measured(document, self._free)
        fragments = sum(isinstance(node, FragmentDefinitionNode) for node in document.definitions)
        if len(operations) > limits.operations:
            raise _exceeded("operations", len(operations), limits.operations)
        if fragments > limits.fragments:
            raise _exceeded("fragments", fragments, limits.fragments)
        _check(literals, limits, ("nesting", "string_bytes", "list_items"))
        for operation in operations:
            _check(operation, limits, _OF_OPERATIONS)

    def validate(self, document: DocumentNode, *, hide_suggestions: bool = False) -> list[GraphQLError]:
        """What is wrong with a measured document: the first errors of it, in bounded time.

        Args:
            document: That `measure` accepted.
            hide_suggestions: Whether to leave out names of the schema that the document may have meant.
        """
        return validate(
            self._schema,
            document,
            self._rules,
            max_errors=_MOST_ERRORS,
            hide_suggestions=hide_suggestions,
        )

    def price(self, document: DocumentNode, operation: OperationDefinitionNode) -> Price:
        """What the operation costs; good for as long as the document is.

        Args:
            document: Measured and validated.
            operation: Of the document.
        """
        rows, meta = plan(self._schema, self._sizes, self._meta_sizes, document, operation)
        return Price(rows, meta, self.limits, self._introspection)

    @cached_property
    def _introspection(self) -> Sum:
        """What introspection may cost: twice the standard query of all there is."""
        document = parse(
            get_introspection_query(
                specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True, one_of=True
            )
        )
        [operation, *_] = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
        _, meta = plan(self._schema, self._sizes, self._meta_sizes, document, operation)
        standard = meta.sum({})
        return Sum(2 * standard.rows, 2 * standard.work)


def _check(found: Measure, limits: DemandLimits, names: tuple[str, ...]) -> None:
    for name in names:
        value, limit = getattr(found, name), getattr(limits, name)
        if value > limit:
            raise _exceeded(name, value, limit)


def _exceeded(name: str, found: int, limit: int) -> CodedError:
    code, message = _REFUSALS[name]
    return CodedError(message.format(found=_number(found), limit=limit), code=code)


def _unread(most: str, what: str | None) -> CodedError:
    match what:
        case None:
            return CodedError(
                "Braces and brackets stand too deep to be read. Use fewer levels.", code="NESTING_EXCEEDED"
            )
        case "characters" | "lines":
            return CodedError(
                f"The document has more than {most} {what}. Shorten or split it.", code="DOCUMENT_TOO_LONG"
            )
        case _:
            return CodedError(
                f"The document has more than {most} {what}. Shorten or split it.", code="TOO_MANY_TOKENS"
            )


def _number(value: int) -> str:
    return str(value) if value < 10**9 else "over a billion"
