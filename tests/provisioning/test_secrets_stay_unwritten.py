"""A tenant's first password is in no table, no file and no log; done by the real job engine."""

import base64
import logging
import re
from uuid import uuid4

from sqlalchemy import inspect, make_url, text
from support.orders import an_order

from providers.base import TenantCredentials
from resolvers.provisioning import provision_account
from resolvers.sealing import Reader, seal

RUN = re.compile(rb"[A-Za-z0-9+/_=-]{12,}")


def readings(content: bytes) -> bytes:
    """The content as it is, and whatever stands in it in Base64 of either alphabet, cut anywhere."""
    found = [content]
    for run in RUN.findall(content):
        plain = run.translate(bytes.maketrans(b"-_", b"+/")).replace(b"=", b"")
        found += [
            base64.b64decode(cut + b"=" * (-len(cut) % 4))
            for offset in range(4)
            if len(cut := plain[offset:]) % 4 != 1
        ]
    return b"\n".join(found)


async def everything_stored(program) -> bytes:
    """Every byte of an SQLite database and its log, or every row of every PostgreSQL table."""
    url = make_url(program.database.url)
    if url.get_backend_name() == "sqlite":
        files = [f"{url.database}{end}" for end in ("", "-wal", "-shm")]
        contents = []
        for name in files:
            with open(name, "rb") as file:  # noqa: ASYNC230, PTH123  # a few megabytes
                contents.append(file.read())
        return b"\n".join(contents)
    async with program.database.reads.connect() as connection:
        tables = await connection.run_sync(
            lambda sync: [(s, t) for s in ("public", "dbos") for t in inspect(sync).get_table_names(schema=s)]
        )
        rows = [
            row
            for schema, table in tables
            for row in await connection.execute(text(f'select t::text from "{schema}"."{table}" t'))  # noqa: S608  # our names
        ]
    return "\n".join(str(row[0]) for row in rows).encode()


async def test_the_first_password_is_written_nowhere(program, there, caplog):
    caplog.set_level(logging.DEBUG)
    async with program.doing_jobs():
        result = await provision_account(program.context, an_order(), wait_seconds=20, idempotency_key="k-1")
        again = await provision_account(program.context, an_order(), wait_seconds=20, idempotency_key="k-1")

    assert result.credentials is not None
    assert again.credentials is None
    password = result.credentials.password.encode()
    stored = await everything_stored(program)
    assert str(result.job_id).replace("-", "").encode() in stored.replace(b"-", b"")
    assert password not in readings(stored)
    assert password not in readings(caplog.text.encode())
    (job,) = await program.rows("select sealed_credentials from jobs")
    assert len(job.sealed_credentials) > len(password)


async def test_a_password_that_nobody_waits_for_can_be_read_by_nobody(program):
    async with program.doing_jobs():
        begun = await provision_account(program.context, an_order(), wait_seconds=0, idempotency_key="k-1")
        await program.ended(begun.job_id)
        late = await provision_account(program.context, an_order(), wait_seconds=0, idempotency_key="k-1")

    assert (begun.credentials, late.credentials) == (None, None)
    assert late.agreement_id is not None


def test_the_scan_would_find_a_password_in_base64():
    for prefix in (b"", b"a", b"ab", b"abc"):
        hidden = base64.urlsafe_b64encode(prefix + b"S3cret-pass?word" + b"xyz")
        assert b"S3cret-pass?word" in readings(b'{"value": "x' + hidden + b'"}') + readings(hidden)


def test_sealed_credentials_are_for_one_reader_and_one_job():
    credentials, reader, job_id = TenantCredentials(user_name="admin", password="p-1"), Reader(), uuid4()  # noqa: S106  # made up

    sealed = seal(credentials, reader.public_key, job_id)

    assert reader.open(sealed, job_id) == credentials
    assert Reader().open(sealed, job_id) is None
    assert reader.open(sealed, uuid4()) is None
    assert "p-1" not in sealed
    assert "p-1" not in repr(credentials)
