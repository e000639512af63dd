"""Every setting of the program, read once from the environment and never changed afterwards."""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agreements_api.database import database_url
from agreements_api.errors import InvalidSettings

PREFIX = "AGREEMENTS_"


def _seconds(given: object) -> object:
    """Take a bare number for seconds; ISO 8601 (PT15M) is understood as well."""
    if isinstance(given, str):
        try:
            return float(given)
        except ValueError:
            return given
    return given


def _words(given: object) -> object:
    return (
        tuple(word.strip() for word in given.split(",") if word.strip()) if isinstance(given, str) else given
    )


def _positive(given: timedelta) -> timedelta:
    if given <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return given


def _at_most_20_seconds(given: timedelta) -> timedelta:
    if given > timedelta(seconds=20):
        raise ValueError("must be 20 seconds or less")
    return given


def _usable(url: str) -> str:
    database_url(url)
    return url


def _store(given: str) -> str:
    scheme, separator, _ = given.partition("://")
    if not given or (separator and scheme not in STORES):
        raise ValueError(f"is neither a folder nor one of {', '.join(f'{each}://' for each in STORES)}")
    return given


def _cron(given: str) -> str:
    from croniter import croniter  # noqa: PLC0415 -- 2 MB, where there is something to check

    if not croniter.is_valid(given, second_at_beginning=True):
        raise ValueError("is not a cron expression such as 0 3 * * *")
    return given


def _origin(given: str) -> str:
    scheme, separator, host = given.partition("://")
    if scheme not in ("http", "https") or not separator or not host or "/" in host or "*" in host:
        raise ValueError(f"{given} is not an origin such as https://portal.example.com")
    return given


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < MIN_SECRET_KEY_LENGTH:
        raise ValueError(f"must have at least {MIN_SECRET_KEY_LENGTH} characters")
    return key


MIN_SECRET_KEY_LENGTH = 32
STORES = ("s3", "gs", "az")
"""Object stores that documents can be kept in, as their addresses begin."""

SECRETS_OF_COMMANDS = frozenset(
    f"{PREFIX}PROVIDER_{name}" for name in ("CLIENT_SECRET", "REFRESH_TOKEN", "API_KEY")
)
"""What `agreements provider add` reads; no settings."""

Duration = Annotated[timedelta, BeforeValidator(_seconds), AfterValidator(_positive)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_words)]
Bytes = Annotated[int, Field(ge=1024)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """What an operator can set; each field is the variable AGREEMENTS_<FIELD>.

    Durations are seconds or ISO 8601, lists are separated by commas.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    database_url: Annotated[str, AfterValidator(_usable)] = Field(
        default="sqlite+aiosqlite:///agreements.db", repr=False
    )
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    allowed_hosts: Words = ("localhost", "127.0.0.1", "[::1]")
    """Host headers that are answered; "*" answers every one."""
    allowed_origins: Origins = ()
    """Web origins whose pages may call the API."""

    graphiql: bool = True
    max_document_bytes: Annotated[Bytes, Field(lt=2**31)] = 20 * 1024 * 1024
    documents_url: Annotated[str, AfterValidator(_store)] | None = None
    """Where documents are kept: a folder, or a bucket such as `s3://bucket/path`."""
    shutdown_timeout: Duration = timedelta(seconds=20)
    drain_delay: Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(0))] = timedelta(
        seconds=2
    )
    """How long requests are still taken after the server has called itself unready."""

    compiler: bool = True
    """Whether queries are answered by plans where they can be; without, only more slowly."""
    introspection: bool = True
    suggestions: bool = True
    """Whether errors name what may have been meant."""
    status_codes: Literal["audit", "draft"] = "audit"
    trusted_documents: Path | None = None
    """A manifest of documents that clients may name."""
    trusted_documents_only: bool = False
    get_trusted_documents_only: bool = False

    max_body_bytes: Bytes = 256_000
    max_response_bytes: Bytes = 8 * 1024 * 1024
    query_timeout: Duration = timedelta(seconds=10)
    mutation_timeout: Duration = timedelta(seconds=30)
    read_timeout: Duration = timedelta(seconds=30)
    """Until a request must have come to its end."""
    upload_timeout: Duration = timedelta(minutes=5)
    """The same of a request with files."""
    max_page_size: Count = 200
    max_characters: Count = 80_000
    max_lines: Count = 5_000
    max_tokens: Count = 2_000
    """Of a text of GraphQL."""
    max_fragments: Count = 100
    max_nesting: Count = 50
    max_depth: Count = 15
    max_fields: Count = 1_000
    max_aliases: Count = 30
    max_arguments: Count = 300
    max_directives: Count = 50
    max_operations: Count = 5
    """In one document."""
    max_deferrals: Count = 20
    max_cost: Count = 10_000
    """Rows that one operation may return at most."""
    max_resolved: Count = 100_000
    """Fields that one operation may resolve at most, those of each row counted again."""
    max_string_bytes: Count = 64 * 1024
    max_list_items: Count = 250
    max_concurrent_operations: Count = 256
    max_concurrent_uploads: Count = 16
    """Requests with files that are read at once."""
    max_connections: Count = 1_000
    """WebSockets at once, and as many other streams."""
    max_subscriptions: Count = 100
    """Of one WebSocket."""
    max_messages_per_second: Count = 25
    """Of one WebSocket, on average; ten times as many at once."""

    provider_timeout: Annotated[Duration, AfterValidator(_at_most_20_seconds)] = timedelta(seconds=20)
    """Of one HTTP call to a provider; well below `job_lease`, or a call outlives its owner."""
    provider_max_attempts: Annotated[int, Field(ge=1, le=10)] = 4

    job_lease: Duration = timedelta(seconds=60)
    """After this long without a sign of life another process takes over a process's jobs."""
    queue_polling_interval: Duration = timedelta(milliseconds=200)
    job_retention: Duration = timedelta(days=30)
    acceptance_poll_interval: Duration = timedelta(minutes=15)
    """How often providers are asked whether customers have accepted what was sent to them."""
    sync_schedule: Annotated[str, AfterValidator(_cron)] = Field(
        default="0 3 * * *",
        validate_default=False,  # it is one
    )
    """When all automatic providers are read, in UTC."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401  # pydantic checks them
    """Read the environment; `overrides` (from the command line) win.

    Raises:
        InvalidSettings: One line for each wrong setting, by the name of its variable, without its value.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = [f"{_variable(each['loc'])}: {_reason(each['msg'])}." for each in error.errors()]
        raise InvalidSettings("\n".join(wrong)) from None  # its text may show what was set


def misspelt(environment: Mapping[str, str]) -> list[str]:
    """Say of each variable that looks like a setting and is none what it may have been meant to be."""
    known = [_variable((name,)) for name in Settings.model_fields]
    unknown = sorted(
        name for name in environment if name.startswith(PREFIX) and name not in {*known, *SECRETS_OF_COMMANDS}
    )
    return [
        f"{name} is no setting; {meant[0]} is."
        if (meant := get_close_matches(name, known, 1))
        else f"{name} is no setting."
        for name in unknown
    ]


def _variable(location: tuple[int | str, ...]) -> str:
    return f"{PREFIX}{location[0]}".upper() if location else PREFIX


def _reason(message: str) -> str:
    message = message.removeprefix("Value error, ").rstrip(".")
    return message[0].lower() + message[1:] if message[0].isupper() else message
