"""One stream of logs for us and every library: structured, with the request's id, without secrets."""

import logging
import sys
import time
from collections.abc import Mapping, MutableMapping, Sequence
from contextvars import ContextVar
from typing import Any, Literal, TextIO, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agreements_api.lean import without

# It would load 3 MB for tracebacks with the values of all variables, which must not get into a log anyway.
with without("rich"):
    import structlog
    from structlog.types import Processor

REDACTED = "[redacted]"

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_SECRET_WORDS = (
    "password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "credential",
    "api_key", "apikey", "private_key", "database_url",
)  # fmt: skip

# What the logging libraries hand to each other; a traceback's tuple must stay one to be printed.
_NOT_OURS = ("exc_info", "_record", "_from_structlog")

# They tell at INFO what is of no interest, or whole URLs; at DEBUG what is read and written, people included.
_QUIET_LIBRARIES = ("aiosqlite", "alembic", "asyncio", "httpcore", "httpx", "msal", "urllib3", "websockets")
# They bring handlers of their own, which would print every line twice and past the redaction.
_LIBRARIES_WITH_HANDLERS = ("dbos", "uvicorn", "uvicorn.error", "uvicorn.access", "strawberry.execution")


def configure_logs(
    *,
    level: Literal["debug", "info", "warning", "error"],
    format: Literal["console", "json"],
    stream: TextIO | None = None,
) -> None:
    """Send every log line, ours and the libraries', to `stream` (standard error); the last call counts.

    Start uvicorn with `log_config=None`, or it undoes this for its own loggers.
    """
    shared: list[Processor] = [
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # loggers are made at import, before the settings are known
    )
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=["operationUUID"]), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(format, colors=out.isatty()),
            ],
        )
    )
    _route_everything_to(handler, level.upper())


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    return cast("structlog.typing.FilteringBoundLogger", structlog.stdlib.get_logger(name))


class request_logs:  # noqa: N801  # it is used as a function is
    """Every line logged inside, in tasks started inside too, carries the request's id."""

    __slots__ = ("_before", "_request_id")

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def __enter__(self) -> None:
        self._before = _request_id.set(self._request_id)

    def __exit__(self, *_raised: object) -> None:
        _request_id.reset(self._before)


def log_request(request_id: str) -> None:
    """Every line logged from here on, in tasks started from here too, carries the request's id.

    For a context that ends with the request: a server's tasks have one each.
    """
    _request_id.set(request_id)


def _add_request_id(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    request_id = _request_id.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


_BEGINNINGS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}


class RequestLog:
    """ASGI middleware: a line for each request at level debug, when its answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = get_logger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()

        async def told(message: Message) -> None:
            if message["type"] in _BEGINNINGS:
                self._log.debug(
                    "Request",
                    method=scope.get("method", "WEBSOCKET"),
                    path=scope["path"],
                    status=message.get("status", 101),
                    milliseconds=round((time.perf_counter() - began) * 1_000, 1),
                )
            await send(message)

        await self._app(scope, receive, told)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of everything that is named like a secret, at any depth."""
    for key, value in event.items():
        if key not in _NOT_OURS:
            event[key] = REDACTED if _is_secret(key) else _redacted(value)
    return event


def _redacted(value: object) -> object:
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {key: REDACTED if _is_secret(str(key)) else _redacted(each) for key, each in pairs}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_redacted(each) for each in cast("Sequence[object]", value)]
    return value


def _is_secret(key: str) -> bool:
    name = key.lower().replace("-", "_")
    return any(word in name for word in _SECRET_WORDS)


def _renderers(format: Literal["console", "json"], *, colors: bool) -> list[Processor]:
    if format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Not the default traceback: it prints local variables, and among them secrets.
    return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]


def _route_everything_to(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LIBRARIES_WITH_HANDLERS:
        logger = logging.getLogger(name)
        # Something that does nothing: the job engine adds its own handler only where it finds none.
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = True
    logging.getLogger("uvicorn.access").propagate = False  # it knows no request id, and prints query strings
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
