"""Why an operation is refused, in the forms that most operations need."""

from uuid import UUID

from models import DomainError, ErrorCode

__all__ = ["DomainError", "ErrorCode", "NotFound", "Refusals", "RevisionConflict"]


class NotFound(DomainError):
    """There is no such entity, or the caller may not see it."""

    def __init__(self, what: str, *field: str) -> None:
        super().__init__(f"There is no such {what}.", code=ErrorCode.NOT_FOUND, field=field or None)


class RevisionConflict(DomainError):
    """The entity was changed since the caller read it."""

    def __init__(self, entity: UUID, current: int) -> None:
        super().__init__(
            f"It was changed meanwhile: its revision is {current} now.",
            code=ErrorCode.REVISION_CONFLICT,
            field=("revision",),
            entity=entity,
        )


class Refusals(DomainError):
    """Several things stand against an operation; by itself it reads like the first of them.

    Attributes:
        refusals: All of them, in the order of the form.
    """

    def __init__(self, first: DomainError, *others: DomainError) -> None:
        super().__init__(first.message, code=first.code, field=first.field, entity=first.entity)
        self.refusals = (first, *others)
