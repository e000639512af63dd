"""What every entity shares: ids, system fields, column types and constraint names."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Dialect, Enum, MetaData, String
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, validates
from sqlalchemy.types import JSON, TypeDecorator, Uuid
from uuid_utils.compat import uuid7

from models.text import fold

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

KEY_TEXT = String().with_variant(String(collation="C"), "postgresql")
"""Text that is ordered or searched by prefix: in byte order, whatever the database's locale."""

JSON_VALUE = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive values and always comes back in UTC, which SQLite does not do by itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs a time zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]


def text_enum(enum: type[StrEnum]) -> Enum:
    """A column of an enumeration, stored as the value's text without a check that migrations would miss."""
    return Enum(enum, native_enum=False, create_constraint=False, length=32, values_callable=_values)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime, UUID: Uuid}


class Entity(Base):
    """A row with an identity of its own; ids are made here, so that they exist before the row does."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)

    def __init__(self, **values: object) -> None:
        values.setdefault("id", uuid7())
        super().__init__(**values)


class Audited(Entity):
    """An entity whose changes are recorded: system fields, an optimistic lock, one audit event a transaction.

    The unit of work fills the system fields and writes the audit event. `searched` names the columns whose
    words are indexed for search.
    """

    __abstract__ = True
    __allow_unmapped__ = True

    searched: ClassVar[Sequence[str]] = ()
    created_event: ClassVar[str] = "CREATED"
    event: str | None = None
    """What happened in the running transaction, where «UPDATED» would say too little; never stored here."""
    beside: Mapping[str, tuple[object, object]] | None = None
    """What else changed with it: before and after by name, for the audit trail; never stored here."""

    created_at: Mapped[datetime] = mapped_column(sort_order=90)
    created_by: Mapped[str] = mapped_column(sort_order=91)
    updated_at: Mapped[datetime] = mapped_column(sort_order=92)
    updated_by: Mapped[str] = mapped_column(sort_order=93)
    revision: Mapped[int] = mapped_column(sort_order=94)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__table__.c.revision}

    @property
    def audit_subject(self) -> tuple[str, UUID]:
        """The type name and id that the audit event is filed under."""
        return type(self).__name__, self.id


class Named:
    """An entity with a name: `name_fold` is what it is ordered and compared by."""

    name: Mapped[str] = mapped_column(sort_order=1)
    name_fold: Mapped[str] = mapped_column(KEY_TEXT, sort_order=2)

    @validates("name")
    def _keep_the_folded_name(self, _key: str, value: str) -> str:
        self.name_fold = fold(value)
        return value
