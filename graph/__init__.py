"""How GraphQL is served well: bindings from types to models, batched reads, keyset pages."""

from graph.bind import bind_all
from graph.binding import Binding, binding_of
from graph.connections import Connection, PageInfo
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
from graph.enums import enum
from graph.errors import CodedError
from graph.fields import Context
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
from graph.schema import PerOperation, Schema
from graph.sdl import sorted_sdl

__all__ = [
    "Binding", "CodedError", "Connection", "Context", "Demand", "DemandLimits", "Limits", "Node",
    "OrderDirection", "PageInfo", "PerOperation", "Price", "Reader", "Registry", "Schema", "ascending",
    "at_least", "at_most", "bind_all", "binding_of", "by", "column", "criterion", "decode_id", "descending",
    "encode_id", "enum", "equal", "has", "is_null", "is_set", "lacks", "mutation", "not_equal", "one_of",
    "order", "parse_id", "reference", "references", "relation", "root_node", "root_nodes", "root_one",
    "root_page", "shows", "sorted_sdl", "subscription", "value",
]  # fmt: skip
