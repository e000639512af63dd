"""The simulator's own memory: one SQLite connection, used from one event loop."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

SCHEMA_VERSION = 2

SCHEMA = """
create table partners (
    tenant_id text primary key,
    name text not null,
    country text not null,
    kind text not null,
    indirect_providers text not null,
    sandbox integer not null
) without rowid;
create table applications (
    tenant_id text not null references partners,
    client_id text not null,
    client_secret text not null,
    registered integer not null,
    consented integer not null,
    primary key (tenant_id, client_id)
) without rowid;
create table users (
    object_id text primary key,
    tenant_id text not null references partners,
    upn text not null,
    roles text not null,
    mfa integer not null,
    unique (tenant_id, upn)
) without rowid;
create table refresh_tokens (
    token text primary key,
    object_id text not null references users,
    issued_at real not null,
    used_at real
) without rowid;
create table authorization_codes (
    code text primary key,
    object_id text not null references users,
    client_id text not null,
    expires_at real not null
) without rowid;
create table customers (
    id text primary key,
    commerce_id text not null,
    domain text not null,
    company_name text not null,
    country text not null,
    email text not null,
    culture text not null,
    language text not null,
    address text not null,
    registration_number text,
    associated_partner_id text,
    direct_signed integer not null default 0,
    created_at real
) without rowid;
create index customers_by_domain on customers (domain collate nocase);
create table relationships (
    position integer primary key,
    tenant_id text not null references partners,
    customer_id text not null references customers,
    unique (tenant_id, customer_id)
);
create index relationships_in_order on relationships (tenant_id, position);
create table agreements (
    position integer primary key,
    tenant_id text not null references partners,
    customer_id text not null references customers,
    template_id text not null,
    first_name text not null,
    last_name text not null,
    email text not null,
    phone_number text,
    date_agreed text not null,
    user_id text,
    attestation_id text,
    created_at real
);
create index agreements_of_customer on agreements (tenant_id, customer_id);
create table subscriptions (
    position integer primary key,
    id text not null unique,
    tenant_id text not null references partners,
    customer_id text not null,
    document text not null
);
create index subscriptions_of_customer on subscriptions (tenant_id, customer_id);
create table carts (
    id text primary key,
    tenant_id text not null references partners,
    customer_id text not null,
    expires_at real not null,
    lines text not null
) without rowid;
create table attestations (
    id text primary key,
    tenant_id text not null references partners,
    country text not null,
    language text not null,
    company_name text not null,
    first_name text not null,
    last_name text not null,
    email text not null,
    phone text,
    status text not null,
    expires_at real not null,
    accepted_at real
) without rowid;
create index attestations_of_partner on attestations (tenant_id);
create table audit_records (
    position integer primary key,
    tenant_id text not null references partners,
    customer_id text not null,
    customer_name text not null,
    operation text not null,
    resource_type text not null,
    resource_id text,
    old_value text,
    new_value text,
    user_name text,
    application text not null,
    correlation_id text,
    at real not null,
    details text not null
);
create index audit_records_by_time on audit_records (tenant_id, at, position);
create index audit_records_of_customer on audit_records (tenant_id, customer_id, at, position);
create table webhooks (
    tenant_id text primary key references partners,
    subscriber_id text not null,
    url text not null,
    events text not null,
    origin text not null,
    plain_authorization integer not null
) without rowid;
create table authority (
    name text primary key,
    pem text not null
) without rowid;
create table replies (
    tenant_id text not null,
    method text not null,
    path text not null,
    request_id text not null,
    status integer not null,
    body text not null,
    headers text not null,
    primary key (tenant_id, method, path, request_id)
) without rowid;
"""
TABLES = (
    "replies",
    "webhooks",
    "audit_records",
    "attestations",
    "carts",
    "subscriptions",
    "agreements",
    "relationships",
    "customers",
    "authorization_codes",
    "refresh_tokens",
    "users",
    "applications",
    "partners",
)

Value = str | int | float | None
Parameters = Mapping[str, Value] | tuple[Value, ...]


class StoreMismatch(Exception):
    """The file is no store of this version of the simulator, or cannot be opened."""


class Store:
    """Statements in, rows out. What the rows mean is said by the modules that use them."""

    def __init__(self, file: Path | None) -> None:
        """Open or create the file; none keeps everything in memory.

        Raises:
            StoreMismatch: the file cannot be opened, or is something else. It stays as it was.
        """
        try:
            # The application may be made in one thread and served from another; never from two at a time.
            self._connection = sqlite3.connect(
                file or ":memory:", isolation_level=None, check_same_thread=False, cached_statements=512
            )
        except sqlite3.Error as error:
            raise StoreMismatch(f"cannot open the store {file}: {error}") from error
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare()
        except (sqlite3.Error, StoreMismatch) as error:
            self._connection.close()
            raise StoreMismatch(f"{file} is not a store of this simulator: name another file") from error

    def _prepare(self) -> None:
        version = self.count("pragma user_version")
        is_new = version == 0 and not self.rows("select 1 from sqlite_schema limit 1")
        if not is_new and version != SCHEMA_VERSION:
            raise StoreMismatch
        self._connection.execute("pragma journal_mode = wal")
        # A lost second after a power cut is no loss here; an fsync for every call is.
        self._connection.execute("pragma synchronous = off")
        self._connection.execute("pragma foreign_keys = on")
        if is_new:
            self._connection.executescript(f"{SCHEMA} pragma user_version = {SCHEMA_VERSION};")

    @property
    def changes(self) -> int:
        """Count the rows changed so far: what was read stays true while the count does."""
        return self._connection.total_changes

    def rows(self, statement: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        return self._connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        return self._connection.execute(statement, parameters).fetchone()

    def count(self, statement: str, parameters: Parameters = ()) -> int:
        row = self.row(statement, parameters)
        return 0 if row is None else int(row[0])

    def write(self, statement: str, parameters: Parameters = ()) -> int:
        """Run one statement and say how many rows it touched."""
        return self._connection.execute(statement, parameters).rowcount

    def write_many(self, statement: str, parameters: Iterable[Parameters]) -> None:
        self._connection.executemany(statement, parameters)

    def transaction(self) -> AbstractContextManager[object]:
        """All or nothing for the statements inside; does not nest."""
        self._connection.execute("begin")
        return self._connection

    def clear(self) -> None:
        with self.transaction():
            for table in TABLES:
                self.write(f"delete from {table}")  # noqa: S608 - the names stand above

    def close(self) -> None:
        self._connection.close()
