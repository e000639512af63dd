"""What is selected at one place of an answer, so that whatever meets there may be merged."""

from dataclasses import dataclass, field

from graphql import GraphQLField


@dataclass
class Taken:
    """What a response name stands for.

    Attributes:
        name: Of the field.
        field: As the schema has it.
        arguments: As they are written.
        beneath: The place beneath it.
        rows: How many rows there may be beneath it.
    """

    name: str
    field: GraphQLField
    arguments: str
    rows: int
    beneath: "Scope"

    def same(self, other: "Taken") -> bool:
        """Whether two fields are merged where they have the same response name."""
        return (self.name, self.arguments, self.field.type) == (other.name, other.arguments, other.field.type)


@dataclass
class Scope:
    """Response names taken at one place, and what each stands for."""

    taken: dict[str, Taken] = field(default_factory=dict[str, Taken])

    def take(self, name: str, what: Taken) -> str:
        """Take a response name for a field: this one, or another if it stands for something else here."""
        alias = name
        while not self.taken.setdefault(alias, what).same(what):
            alias = f"{alias}x"
        return alias

    def fits(self, other: "Scope") -> bool:
        """Whether a fragment that selects this may be spread at the other place."""
        return all(
            name not in other.taken
            or (each.same(other.taken[name]) and each.beneath.fits(other.taken[name].beneath))
            for name, each in self.taken.items()
        )

    def spread(self, other: "Scope") -> None:
        """Select all of this at the other place, too."""
        for name, each in self.taken.items():
            new = Taken(each.name, each.field, each.arguments, each.rows, Scope())
            each.beneath.spread(other.taken.setdefault(name, new).beneath)
