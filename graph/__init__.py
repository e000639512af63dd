"""How GraphQL is served well: bindings from types to models, batched reads, keyset pages."""

from graph.bind import bind_all
from graph.binding import Binding, binding_of
from graph.connections import Connection, PageInfo
from graph.context import Context, MakeContext
from graph.declare import (
    Registry,
    column,
    reference,
    references,
    relation,
    root_node,
    root_nodes,
    root_one,
    root_page,
    shows,
    value,
)
from graph.documents import Documents, TrustedDocuments
from graph.engine import Bounds, Engine, Operation
from graph.enums import enum
from graph.errors import Code, CodedError
from graph.filters import (
    at_least,
    at_most,
    criterion,
    equal,
    has,
    is_null,
    is_set,
    lacks,
    not_equal,
    one_of,
)
from graph.ids import decode_id, encode_id, parse_id
from graph.limits import Demand, DemandLimits, Price
from graph.node import Node
from graph.operations import mutation, subscription
from graph.order import OrderDirection, ascending, by, descending, order
from graph.paging import Limits
from graph.reader import Reader
from graph.requests import GraphQLRequest, read_request
from graph.responses import Response
from graph.schema import Schema
from graph.sdl import sorted_sdl

__all__ = [
    "Binding", "Bounds", "Code", "CodedError", "Connection", "Context", "Demand", "DemandLimits",
    "Documents", "Engine", "GraphQLRequest", "Limits", "MakeContext", "Node", "Operation", "OrderDirection",
    "PageInfo", "Price", "Reader", "Registry", "Response", "Schema", "TrustedDocuments", "ascending",
    "at_least", "at_most", "bind_all", "binding_of", "by", "column", "criterion", "decode_id", "descending",
    "encode_id", "enum", "equal", "has", "is_null", "is_set", "lacks", "mutation", "not_equal", "one_of",
    "order", "parse_id", "read_request", "reference", "references", "relation", "root_node", "root_nodes",
    "root_one", "root_page", "shows", "sorted_sdl", "subscription", "value",
]  # fmt: skip
