"""A book of customers made inside the database, in seconds: as many rows of each kind as a test asks for.

Row `n` of one table belongs to row `n` of another. The first hundred are unlike all others: each value that a
filter can ask for is had by a few of them, and those stay as few when the crowd grows. What rows are ordered
by is scattered over the whole table, so that no end of an order holds all of the few.
"""

from uuid import UUID

from sqlalchemy import Connection, text

_FACTOR = 2_654_435_761
_RANGE = 2**32
_ACCOUNT, _AGREEMENT, _CONTRACT, _PLACE, _TEMPLATE, _JOB, _OTHER = range(1, 8)

FEW = 40
"""Rows that have what a filter asks for; of some filters half as many."""
RARE_WORD = "quokka"


def identity(kind: int, number: int) -> UUID:
    """The id of row `number`."""
    return UUID(int=kind << 96 | number * _FACTOR % _RANGE)


COMMON_PROVIDER, RARE_PROVIDER = UUID("0198f3c0-0000-7000-8000-000000000001"), identity(_OTHER, 1)
COMMON_TEMPLATE = UUID("0198f3c0-0000-7000-8000-000000000011")
_SECOND_TEMPLATE = UUID("0198f3c0-0000-7000-8000-000000000012")
RARE_TEMPLATE, OTHER_PROVIDER, COMMON_JOB = identity(_OTHER, 2), identity(_OTHER, 3), identity(_JOB, 50)
RARE_ACCOUNT, RARE_CONTRACT, A_PLACE = identity(_ACCOUNT, 0), identity(_CONTRACT, 0), identity(_PLACE, 90)


def _some(kind: int) -> list[UUID]:
    """The row that has most under it, and twenty as most rows are."""
    return [identity(kind, number) for number in (0, *range(100, 120))]


def some_accounts() -> list[UUID]:
    return _some(_ACCOUNT)


def some_agreements() -> list[UUID]:
    return _some(_AGREEMENT)


def some_places() -> list[UUID]:
    return _some(_PLACE)


def some_contracts() -> list[UUID]:
    return _some(_CONTRACT)


def fill(connection: Connection, until: int) -> None:
    """Make the first rows of every table, fewer than `until`, in a database fresh from its migrations."""
    sql = _Sql(connection.dialect.name)
    for name, key in (("rare", RARE_PROVIDER), ("other", OTHER_PROVIDER)):
        _insert(connection, "providers", sql.provider(sql.id(key), f"'{name}'"), 0, 1)
    _insert(connection, "agreement_templates", sql.template(sql.id(RARE_TEMPLATE), "rare"), 0, 1)
    grow(connection, 0, until)


def grow(connection: Connection, start: int, until: int) -> None:
    """Make the rows from `start` on, fewer than `until`, and have the database take stock of them."""
    sql = _Sql(connection.dialect.name)
    for table, row in sql.tables():
        _insert(connection, table, row, start, until)
    if connection.dialect.name == "postgresql":  # where autovacuum does so; SQLite is never told
        # Of all rows: where two plans cost much the same, the luck of a sample would choose between them.
        connection.execute(text("SET LOCAL default_statistics_target = 1000"))
        connection.execute(text("ANALYZE"))


def _insert(connection: Connection, table: str, row: dict[str, str], start: int, until: int) -> None:
    where = row.pop("where", "true")
    numbers = (
        "WITH RECURSIVE numbers (n) AS (SELECT CAST(:start AS bigint)"
        " UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :until)"
    )
    target = f"INSERT INTO {table} ({', '.join(row)})"
    chosen = f"SELECT {', '.join(row.values())} FROM numbers WHERE {where}"  # noqa: S608 -- all of it is from here
    connection.execute(text(f"{target} {numbers} {chosen}"), {"start": start, "until": until})


class _Sql:
    """The columns of each table as SQL over the row's number `n`."""

    def __init__(self, dialect: str) -> None:
        self._is_sqlite = dialect == "sqlite"

    def id(self, id: UUID) -> str:
        return f"'{id.hex}'" if self._is_sqlite else f"'{id}'::uuid"

    def number(self, kind: int, number: str = "n") -> str:
        """The id of a row by its number, as `identity` gives it."""
        scattered = f"({number}) * {_FACTOR} % {_RANGE}"
        if self._is_sqlite:
            return f"printf('%08x%024x', {kind}, {scattered})"
        return f"CAST(lpad('{kind}', 8, '0') || lpad(to_hex({scattered}), 24, '0') AS uuid)"

    def day(self, days: str, since: str = "2025-01-01") -> str:
        if self._is_sqlite:
            return f"date('{since}', '+' || ({days}) || ' days')"
        return f"(date '{since}' + CAST({days} AS int))"

    def instant(self, seconds: str) -> str:
        if self._is_sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%f000', '2025-01-01', '+' || ({seconds}) || ' seconds')"
        return f"(timestamptz '2025-01-01 00:00:00+00' + make_interval(secs => {seconds}))"

    def system(self) -> dict[str, str]:
        at = self.instant("n * 7919 % 1000003")
        return {
            "created_at": at, "created_by": "'t'", "updated_at": at, "updated_by": "'t'", "revision": "1",
        }  # fmt: skip

    def named(self) -> dict[str, str]:
        name = f"'customer ' || CAST({_RANGE} + n * {_FACTOR + 2} % {_RANGE} AS text)"
        return {"name": name, "name_fold": name, **self.system()}

    def provider(self, id: str, name: str) -> dict[str, str]:
        can = ("customer_sync", "customer_creation", "agreement_confirmation", "agreement_sync")
        return {
            "id": id, **self.named(), "name_fold": name, "kind": "'AUTOMATIC'", "connector": "'REST'",
            "role": "'VENDOR'", "status": "'ACTIVE'", **dict.fromkeys(can, "true"),
        }  # fmt: skip

    def template(self, id: str, version: str) -> dict[str, str]:
        provider = RARE_PROVIDER if version == "rare" else OTHER_PROVIDER
        return {
            "id": id, "provider_id": self.id(provider), "template_id": "'terms'",
            "version": f"'{version}'" if version == "rare" else "CAST(n AS text)", "kind": "'CUSTOM'",
            "status": f"CASE WHEN n < {FEW} THEN 'INACTIVE' ELSE 'ACTIVE' END",
            "display_inline": "false", "is_default": "false", **self.named(),
        }  # fmt: skip

    def tables(self) -> list[tuple[str, dict[str, str]]]:
        few = f"n < {FEW}"
        return [
            ("agreement_templates", self.template(self.number(_TEMPLATE), "n")),
            ("accounts", {
                "id": self.number(_ACCOUNT), **self.named(),
                "status": f"CASE WHEN {few} THEN 'INACTIVE' ELSE 'ACTIVE' END",
            }),
            ("account_contacts", {
                "id": self.number(_OTHER, "n + 100"), "account_id": self.number(_ACCOUNT), "position": "1",
                "first_name": "'a'", "last_name": "'b'", "email": "'a@b'", "email_domain": "'b'",
            }),
            ("provider_accounts", self._place()),
            ("billing_contracts", {
                "id": self.number(_CONTRACT), **self.named(), "account_id": self.number(_ACCOUNT),
                "status": f"CASE WHEN {few} THEN 'INACTIVE' ELSE 'ACTIVE' END",
                "billing_frequency": "'MONTHLY'", "billing_policy": "'ADVANCE'", "auto_renew": "true",
                "start_on": self.day("n * 7919 % 3000"), "currency": "'EUR'", "is_default": "false",
            }),
            ("agreements", self._agreement()),
            ("agreement_tags", {
                "agreement_id": self.number(_AGREEMENT), "tagged_at": self.instant("0"), "tagged_by": "'t'",
                **{
                    column: f"CASE WHEN {few} THEN {self.number(kind, '0')} ELSE {self.number(kind)} END"
                    for column, kind in (("account_id", _ACCOUNT), ("billing_contract_id", _CONTRACT))
                },
            }),
            ("acceptances", {
                "id": self.number(_OTHER, "n + 100"), "agreement_id": self.number(_AGREEMENT),
                "path": "'DIRECT_AT_VENDOR'", "agreed_on": self.day("0"), "recorded_at": self.instant("0"),
                "recorded_by": "'t'", "template_id": self.id(COMMON_TEMPLATE), "template_version": "'1'",
            }),
            ("documents", {
                "id": self.number(_OTHER, "n + 100"), "file_name": "'a'", "content_type": "'b'", "size": "1",
                "agreement_id": f"CASE WHEN {few} THEN {self.number(_AGREEMENT, '0')}"
                f" ELSE {self.number(_AGREEMENT)} END",
                "sha256": "CAST(n AS text)", "visible_to_customer": "n < 20",
                "kind": "CASE WHEN n < 20 THEN 'EVIDENCE' ELSE 'OTHER' END",
                "removed_at": f"CASE WHEN n < 20 THEN {self.instant('0')} END", **self.system(),
            }),
            ("jobs", {
                "id": self.number(_JOB), "kind": f"CASE WHEN {few} THEN 'OFFBOARD' ELSE 'BULK_CREATE' END",
                "status": f"CASE WHEN {few} THEN 'FAILED' ELSE 'SUCCEEDED' END",
                **dict.fromkeys(("considered", "created", "updated", "unchanged", "skipped", "failed"), "0"),
                "dry_run": "false", "requested_at": self.instant("0"), "requested_by": "'t'",
                "attempt": "1", "arguments": "'{}'",
            }),
            ("job_items", {
                "id": self.number(_OTHER, "n + 100"), "job_id": self.id(COMMON_JOB), "key": "CAST(n AS text)",
                "outcome": f"CASE WHEN {few} THEN 'FAILED' ELSE 'CREATED' END",
            }),
            *self._words(),
        ]  # fmt: skip

    def _place(self) -> dict[str, str]:
        """Of a rare provider and account, out of use; then nobody's; then missing at its provider."""
        name = self.named()["name"]
        return {
            "id": self.number(_PLACE), "provider_specific_id": "CAST(n AS text)", "provider_name": name,
            "name_fold": name, "sync_enabled": "true",
            "provider_id": f"CASE WHEN n < 20 THEN {self.id(RARE_PROVIDER)}"
            f" ELSE {self.id(COMMON_PROVIDER)} END",
            "account_id": f"CASE WHEN n < 20 THEN {self.number(_ACCOUNT, '0')}"
            f" WHEN n < {FEW} THEN NULL ELSE {self.number(_ACCOUNT)} END",
            "mapping": f"CASE WHEN n >= 20 AND n < {FEW} THEN 'UNMAPPED' ELSE 'MANUAL' END",
            "status": "CASE WHEN n < 20 THEN 'INACTIVE' ELSE 'ACTIVE' END",
            "missing_since": f"CASE WHEN n >= {FEW} AND n < 60 THEN {self.instant('0')} END",
            **self.system(),
        }  # fmt: skip

    def _agreement(self) -> dict[str, str]:
        """First superseded ones of the rare kind, long past and far ahead; then pending, refused ones."""
        first, pending = f"n < {FEW}", f"n >= {FEW} AND n < {2 * FEW}"

        def case(of_first: str, of_pending: str, of_others: str) -> str:
            return f"CASE WHEN {first} THEN {of_first} WHEN {pending} THEN {of_pending} ELSE {of_others} END"

        signer = f"CASE WHEN {pending} THEN NULL ELSE 'a' END"
        provider, template = self.id(COMMON_PROVIDER), self.id(COMMON_TEMPLATE)
        others = f"CASE WHEN n % 10 = 0 THEN {self.id(_SECOND_TEMPLATE)} ELSE {template} END"
        return {
            "id": self.number(_AGREEMENT), "serial": "n + 1", "number": "'AGR-' || CAST(1000000 + n AS text)",
            "account_id": f"CASE WHEN {first} THEN {self.number(_ACCOUNT, '0')}"
            f" ELSE {self.number(_ACCOUNT)} END",
            "template_id": case(self.id(RARE_TEMPLATE), template, others),
            "provider_id": case(self.id(RARE_PROVIDER), provider, provider),
            "provider_account_id": case("NULL", "NULL", f"CASE WHEN n < 80 THEN NULL"
                                        f" ELSE {self.number(_PLACE)} END"),
            "status": case("'INACTIVE'", "'ACTIVE'", "'ACTIVE'"),
            "status_reason": case("'SUPERSEDED'", "'PENDING'", "'ACCEPTED'"),
            "template_version": "'1'", "signer_first_name": signer, "signer_last_name": signer,
            "signer_email": signer, "origin": case("'SYNC'", "'MANUAL'", "'BULK'"),
            "executed_on": f"CASE WHEN n < 20 THEN {self.day('n', '1900-01-01')}"
            f" WHEN {first} THEN {self.day('n', '2031-01-01')} WHEN {pending} THEN NULL"
            f" ELSE {self.day('n * 7919 % 18000', '1950-01-01')} END",
            "sync_state": case("'NOT_APPLICABLE'", "'PUSH_FAILED'", "'IN_SYNC'"),
            "deactivated_on": f"CASE WHEN {first} THEN {self.day('0')} END", **self.named(),
        }  # fmt: skip

    def _words(self) -> list[tuple[str, dict[str, str]]]:
        kinds = {
            "Account": _ACCOUNT, "Agreement": _AGREEMENT, "BillingContract": _CONTRACT,
            "ProviderAccount": _PLACE, "AgreementTemplate": _TEMPLATE,
        }  # fmt: skip
        words = {"'customer'": "true", "CAST(n AS text)": "true", f"'{RARE_WORD}'": f"n < {FEW}"}
        return [
            ("search_words", {
                "kind": f"'{name}'", "word": word, "entity_id": self.number(kind), "where": where,
            })
            for name, kind in kinds.items()
            for word, where in words.items()
        ]  # fmt: skip
