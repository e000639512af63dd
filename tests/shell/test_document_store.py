"""Contents are kept where it is set or beside the database, closed to others; buckets are left in order."""

import asyncio
import stat
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.documents import PDF, Handed, a_pdf
from support.jobs import until
from support.program import Program

from agreements_api.document_store import Bucket, Folder, Nowhere, open_document_store
from agreements_api.errors import InvalidSettings, StartupError
from agreements_api.settings import Settings, load_settings
from resolvers.document_store import Damaged, DocumentStore, NoStore, StoreUnavailable

LONG = a_pdf(1, size=6_000_000)


async def put(store: DocumentStore, content: bytes = PDF, key: str = "key") -> None:
    await store.put(key, Handed(content).chunks(), len(content))


async def content_of(store: DocumentStore, key: str = "key") -> bytes:
    return b"".join([chunk async for chunk in store.get(key)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("database", "folder"),
    [
        ("agreements.db", "agreements.db.documents"),
        ("data/agreements.test", "data/agreements.test.documents"),
    ],
)
async def test_documents_are_kept_beside_an_sqlite_file(
    database: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    store = open_document_store(Settings(database_url=f"sqlite:///{database}"))
    monkeypatch.chdir("/")
    await store.check()
    await store.delete("key")
    assert not (tmp_path / folder).exists()

    await put(store)
    await put(store, LONG, "long")

    assert mode_of(tmp_path / folder) == 0o700
    assert {path.name: mode_of(path) for path in (tmp_path / folder).iterdir()} == {
        "key": 0o600,
        "long": 0o600,
    }
    assert (await content_of(store), await content_of(store, "long")) == (PDF, LONG)


async def test_with_postgresql_there_is_no_place_of_its_own() -> None:
    store = open_document_store(Settings(database_url="postgresql://user@host/books"))

    assert isinstance(store, Nowhere)
    for refused in (store.check(), put(store), content_of(store), store.delete("key")):
        with pytest.raises(NoStore, match="AGREEMENTS_DOCUMENTS_URL is not set"):
            await refused


def test_a_server_that_has_no_place_for_documents_says_so_once(
    program_with_database: Program, database_url: str
) -> None:
    with program_with_database.serve("--no-jobs") as server:
        server.stop()

    said = server.output.count("AGREEMENTS_DOCUMENTS_URL is not set")
    assert said == int(database_url.startswith("postgresql"))


async def test_a_folder_that_is_set_is_not_made(tmp_path: Path) -> None:
    store = open_document_store(load_settings(documents_url=str(tmp_path / "away")))

    for unavailable in (store.check(), put(store), content_of(store), store.delete("key")):
        with pytest.raises(StoreUnavailable):
            await unavailable
    assert not (tmp_path / "away").exists()
    (tmp_path / "away").mkdir(mode=0o700)
    await put(store)
    assert await content_of(store) == PDF
    await store.delete("key")
    await store.delete("key")
    with pytest.raises(Damaged):
        await content_of(store)


async def test_a_folder_that_is_open_to_others_is_not_used(tmp_path: Path) -> None:
    folder, settings = tmp_path / "open", load_settings(documents_url=str(tmp_path / "open"))
    store = open_document_store(settings)
    folder.mkdir()
    folder.chmod(0o755)

    with pytest.raises(StartupError) as refused:
        open_document_store(settings)
    assert refused.value.hint == f"chmod 700 {folder}"
    for unavailable in (store.check(), content_of(store)):
        with pytest.raises(StoreUnavailable):
            await unavailable
    folder.chmod(0o770)
    await put(open_document_store(settings))


async def test_what_was_left_unfinished_goes_with_its_key(tmp_path: Path) -> None:
    for name in ("key", "key#1", "key#23", "another#1", "key-2"):
        (tmp_path / name).touch()

    await Folder(tmp_path).delete("key")

    assert names(tmp_path) == ["another#1", "key-2"]


def test_a_bucket_without_its_account_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)

    with pytest.raises(InvalidSettings, match="AGREEMENTS_DOCUMENTS_URL") as told:
        open_document_store(Settings(documents_url="az://secret/container"))
    assert "secret" not in str(told.value)


class S3:
    """A server that answers as S3 does, as far as uploads go; `refuses` names what it does not take."""

    def __init__(self) -> None:
        self.asked, self.refuses = list[str](), ""

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        place, _, query = path.partition("?")
        name = query.partition("=")[0]
        self.asked.append(f"{method} {place} {name}".strip())
        if self.refuses and name == self.refuses:
            return 403, b""
        match method, name:
            case "POST", "uploads":
                return 200, b"<R><UploadId>1</UploadId></R>"
            case "POST", _:
                return 200, b'<R><ETag>"e"</ETag></R>'
            case "DELETE", _:
                return 204, b""
            case _:
                return 200, b""


@contextmanager
def serving(s3: S3) -> Generator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = s3.answer(self.command, self.path)
            self.send_response(status)
            self.send_header("etag", '"e"')
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST = do_DELETE = _answer  # noqa: N815  # the library's names

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def s3() -> S3:
    return S3()


@pytest.fixture
async def bucket(s3: S3, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    with serving(s3) as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        store = open_document_store(load_settings(documents_url="s3://bucket/path"))
        assert isinstance(store, Bucket)
        yield store
        await store.close()


async def test_what_is_short_goes_to_a_bucket_in_one_request(bucket: Bucket, s3: S3) -> None:
    await put(bucket)
    await put(bucket, LONG, "long")

    assert s3.asked == [
        "PUT /bucket/path/key",
        "POST /bucket/path/long uploads",
        "PUT /bucket/path/long partNumber",
        "PUT /bucket/path/long partNumber",
        "POST /bucket/path/long uploadId",
    ]


async def test_an_upload_that_a_bucket_refuses_is_aborted_there(bucket: Bucket, s3: S3) -> None:
    s3.refuses = "partNumber"

    with pytest.raises(StoreUnavailable):
        await put(bucket, LONG)

    assert s3.asked[-1] == "DELETE /bucket/path/key uploadId"


async def test_an_upload_that_nobody_waits_for_is_aborted_at_the_bucket(bucket: Bucket, s3: S3) -> None:
    on_its_way = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield LONG
        await on_its_way.wait()
        yield LONG

    async def has_a_part() -> bool:
        return "PUT /bucket/path/key partNumber" in s3.asked

    upload = asyncio.create_task(bucket.put("key", slowly(), 2 * len(LONG)))
    await until(has_a_part)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    on_its_way.set()
    await bucket.close()

    assert s3.asked[-1] == "DELETE /bucket/path/key uploadId"
    assert "POST /bucket/path/key uploadId" not in s3.asked
