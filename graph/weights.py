"""What a field or type counts for in a query's cost, as directives that clients can read in the SDL."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import strawberry
from strawberry.schema_directive import Location
from strawberry.types.unset import UNSET

ASSUMED_SIZE = 50
"""Of a list of rows that nothing in the request bounds, such as the candidates of a payload."""


@strawberry.schema_directive(
    locations=[Location.OBJECT],
    name="cost",
    description=(
        "What each object of the type counts for in the cost of a query. Rows count 1; values, payloads and "
        "all types without this directive count 0."
    ),
)
class Cost:
    weight: str = strawberry.field(name="weight", description="A number.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many objects a list is taken to hold in the cost of a query, for each parent.",
)
class ListSize:
    assumed_size: int | None = strawberry.field(
        name="assumedSize", description="Size when no slicing argument is given.", default=UNSET
    )
    slicing_arguments: list[str] | None = strawberry.field(
        name="slicingArguments", description="Arguments that say the size.", default=UNSET
    )
    sized_fields: list[str] | None = strawberry.field(
        name="sizedFields",
        description="The lists meant, where the field is an object that holds them.",
        default=UNSET,
    )
    require_one_slicing_argument: bool | None = strawberry.field(
        name="requireOneSlicingArgument",
        description="Whether one of the slicing arguments must be given; true by default.",
        default=UNSET,
    )


ROW = Cost(weight="1")
FREE = Cost(weight="0")


def page_size(default: int, *, forward_only: bool) -> ListSize:
    """Of a connection."""
    return ListSize(
        assumed_size=default,
        slicing_arguments=["first"] if forward_only else ["first", "last"],
        sized_fields=["edges"],
        require_one_slicing_argument=False,
    )
