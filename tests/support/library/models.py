"""The library's tables."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    Enum,
    ForeignKey,
    Index,
    String,
    Table,
    Uuid,
    func,
    literal,
    select,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, composite, mapped_column, relationship

KEY_TEXT = String().with_variant(String(collation="C"), "postgresql")


class Base(DeclarativeBase):
    pass


class Status(StrEnum):
    DRAFT = "DRAFT"
    PRINTED = "PRINTED"


@dataclass(frozen=True)
class Name:
    first: str
    last: str


book_tags = Table(
    "book_tags",
    Base.metadata,
    Column("book_id", Uuid, ForeignKey("books.id"), primary_key=True),
    Column("tag_id", Uuid, ForeignKey("tags.id"), primary_key=True),
)


class Country(Base):
    __tablename__ = "countries"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


class Publisher(Base):
    __tablename__ = "publishers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(KEY_TEXT)
    secret: Mapped[bool] = mapped_column(default=False)
    country_id: Mapped[UUID | None] = mapped_column(ForeignKey("countries.id"))
    country: Mapped[Country | None] = relationship(lazy="raise")
    authors: Mapped[list["Author"]] = relationship(lazy="raise", back_populates="publisher")


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(KEY_TEXT, index=True)
    full_name: Mapped[Name | None] = composite(
        mapped_column("first_name", nullable=True),
        mapped_column("last_name", nullable=True),
        return_none_on=lambda first, _last: first is None,
    )
    site_url: Mapped[str | None]
    site_checked_on: Mapped[date | None]
    publisher_id: Mapped[UUID] = mapped_column(ForeignKey("publishers.id"), index=True)
    mentor_id: Mapped[UUID | None] = mapped_column(ForeignKey("authors.id"))
    publisher: Mapped[Publisher] = relationship(lazy="raise", back_populates="authors")
    mentor: Mapped["Author | None"] = relationship(lazy="raise", remote_side="Author.id")
    books: Mapped[list["Book"]] = relationship(lazy="raise", back_populates="author")


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(KEY_TEXT)
    secret: Mapped[bool] = mapped_column(default=False)
    books: Mapped[list["Book"]] = relationship(secondary=book_tags, lazy="raise", back_populates="tags")


class Book(Base):
    __tablename__ = "books"
    __table_args__ = (Index(None, "author_id", "title", "id"), Index(None, "title", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(KEY_TEXT)
    status: Mapped[Status] = mapped_column(Enum(Status, native_enum=False, length=16), default=Status.DRAFT)
    pages: Mapped[int] = mapped_column(default=0)
    printed_on: Mapped[date | None]
    author_id: Mapped[UUID] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(lazy="raise", back_populates="books")
    tags: Mapped[list[Tag]] = relationship(secondary=book_tags, lazy="raise", back_populates="books")

    @hybrid_property
    def printed_on_key(self) -> date:
        return self.printed_on or date.max

    @printed_on_key.inplace.expression
    @classmethod
    def _printed_on_key(cls) -> ColumnElement[date]:
        return func.coalesce(cls.printed_on, literal(date.max, Date(), literal_execute=True))

    @hybrid_property
    def is_long(self) -> bool:
        return self.pages > 100


class Shelf(Base):
    """An author's books of one title: a selectable with a key of two columns and no id."""

    __table__ = (
        select(Book.author_id, Book.title.label("title"), func.max(Book.pages).label("longest"))
        .group_by(Book.author_id, Book.title)
        .subquery("shelves")
    )
    __mapper_args__ = {"primary_key": [__table__.c.author_id, __table__.c.title]}  # noqa: RUF012  # as SQLAlchemy asks

    author: Mapped[Author] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin=lambda: Shelf.__table__.c.author_id == Author.id,
        foreign_keys=lambda: [Shelf.__table__.c.author_id],
    )
