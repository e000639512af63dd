"""A tenant's first password is in no table, no file and no log; done by the real job engine."""

import base64
import logging
from uuid import uuid4

from support.orders import an_order
from support.scanning import everything_stored, readings

from providers.base import TenantCredentials
from resolvers.provisioning import provision_account
from resolvers.sealing import Reader, seal


async def test_the_first_password_is_written_nowhere(program, there, caplog):
    caplog.set_level(logging.DEBUG)
    async with program.doing_jobs():
        result = await provision_account(program.context, an_order(), wait_seconds=20, idempotency_key="k-1")
        again = await provision_account(program.context, an_order(), wait_seconds=20, idempotency_key="k-1")

    assert result.credentials is not None
    assert again.credentials is None
    password = result.credentials.password.encode()
    stored = await everything_stored(program.database)
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
