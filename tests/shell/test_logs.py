"""Every log line, ours or a library's, has one form, carries the request's id, and shows no secret."""

import io
import json
import logging
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest
import structlog

from agreements_api.logs import configure_logs, get_logger, log_request, request_logs


@pytest.fixture(autouse=True)
def _the_logging_of_the_tests_is_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_are_json_with_time_level_and_logger(stream: io.StringIO) -> None:
    configure_logs(level="info", format="json", stream=stream)

    get_logger("agreements.jobs").info("job finished", job_id="7", rows=3)

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "job finished", "job_id": "7", "rows": 3, "level": "info", "logger": "agreements.jobs",
    }  # fmt: skip


@pytest.mark.parametrize("library", ["uvicorn.error", "dbos", "sqlalchemy.pool"])
def test_a_library_s_lines_come_out_once_in_the_same_form(stream: io.StringIO, library: str) -> None:
    logging.getLogger(library).addHandler(logging.StreamHandler(stream))
    try:
        configure_logs(level="info", format="json", stream=stream)
        if library == "sqlalchemy.pool":
            logging.getLogger(library).handlers.clear()

        logging.getLogger(library).warning("lost %s", "a connection")
    finally:
        logging.getLogger(library).handlers.clear()

    (line,) = lines(stream)
    assert (line["event"], line["logger"], line["level"]) == ("lost a connection", library, "warning")


def test_lines_of_a_request_carry_its_id(stream: io.StringIO) -> None:
    configure_logs(level="info", format="json", stream=stream)

    with request_logs("request-1"):
        get_logger("agreements").info("inside")
        logging.getLogger("uvicorn.error").warning("inside too")
    get_logger("agreements").info("outside")

    assert [line.get("request_id") for line in lines(stream)] == ["request-1", "request-1", None]


def test_lines_of_the_context_that_serves_a_request_carry_its_id(stream: io.StringIO) -> None:
    configure_logs(level="info", format="json", stream=stream)

    def serve(request_id: str) -> None:
        log_request(request_id)
        get_logger("agreements").info("serving")

    for request_id in ("request-1", "request-2"):
        copy_context().run(serve, request_id)
    get_logger("agreements").info("outside")

    assert [line.get("request_id") for line in lines(stream)] == ["request-1", "request-2", None]


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_is_named_like_a_secret_is_not_written(stream: io.StringIO, form: Any) -> None:
    configure_logs(level="info", format=form, stream=stream)

    get_logger("agreements").info(
        "connecting",
        client_secret="opensesame",  # noqa: S106  # what must not be seen
        headers={"Authorization": "Bearer opensesame", "MS-RequestId": "42"},
        attempts=[{"refresh_token": "opensesame"}],
        database_url="postgresql://somebody:opensesame@db",
    )

    assert "opensesame" not in stream.getvalue()
    assert "42" in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_error_that_is_logged_later_keeps_its_traceback(stream: io.StringIO, form: Any) -> None:
    configure_logs(level="info", format=form, stream=stream)
    try:
        int("nonsense")
    except ValueError as error:
        caught = error

    logging.getLogger("graph").error("Masked", exc_info=caught)

    assert "Traceback" in stream.getvalue()
    assert "invalid literal" in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_variables(stream: io.StringIO, form: Any) -> None:
    configure_logs(level="info", format=form, stream=stream)

    def fail(password: str) -> None:
        raise RuntimeError("no answer")

    try:
        fail("open" + "sesame")
    except RuntimeError:
        get_logger("agreements").exception("failed")

    assert "no answer" in stream.getvalue()
    assert "opensesame" not in stream.getvalue()


def test_the_level_holds_for_everybody(stream: io.StringIO) -> None:
    configure_logs(level="warning", format="json", stream=stream)

    get_logger("agreements").info("quiet")
    logging.getLogger("dbos").info("quiet")

    assert stream.getvalue() == ""


def test_the_http_client_does_not_log_every_url(stream: io.StringIO) -> None:
    configure_logs(level="info", format="json", stream=stream)

    logging.getLogger("httpx").info("GET https://api.example.com/customers?email=somebody@example.com")

    assert stream.getvalue() == ""
