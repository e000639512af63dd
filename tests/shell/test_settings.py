"""Settings come from AGREEMENTS_* alone, and a wrong one is told by its name, without its value."""

from dataclasses import asdict, fields
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.api import an_api

from agreements_api.errors import InvalidSettings
from agreements_api.settings import Settings, load_settings, misspelt
from graph import DemandLimits


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"AGREEMENTS_{field.upper()}", raising=False)


def test_nothing_has_to_be_set() -> None:
    settings = load_settings()

    assert settings.database_url == "sqlite+aiosqlite:///agreements.db"
    assert settings.host == "127.0.0.1"
    assert settings.secret_key is None


def test_documents_are_kept_in_a_folder_or_a_known_store() -> None:
    for url in ("s3://bucket/path", "gs://bucket", "az://account/container", "some/folder"):
        assert load_settings(documents_url=url).documents_url == url
    for url in ("", "memory:///", "https://bucket.example.com", "ftp://x"):
        with pytest.raises(InvalidSettings, match="AGREEMENTS_DOCUMENTS_URL"):
            load_settings(documents_url=url)


def test_what_looks_like_a_setting_and_is_none_is_told() -> None:
    environment = {
        "AGREEMENTS_DATABSE_URL": "x",
        "AGREEMENTS_PORT": "1",
        "AGREEMENTS_PROVIDER_CLIENT_SECRET": "x",
        "PATH": "/bin",
    }

    assert misspelt(environment) == ["AGREEMENTS_DATABSE_URL is no setting; AGREEMENTS_DATABASE_URL is."]


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGREEMENTS_PORT", "9000")
    monkeypatch.setenv("AGREEMENTS_ALLOWED_HOSTS", "api.example.com, 127.0.0.1")
    monkeypatch.setenv("AGREEMENTS_ALLOWED_ORIGINS", "https://portal.example.com")

    settings = load_settings()

    assert settings.port == 9000
    assert settings.allowed_hosts == ("api.example.com", "127.0.0.1")
    assert settings.allowed_origins == ("https://portal.example.com",)


@pytest.mark.parametrize(("given", "understood"), [("90", 90), ("0.25", 0.25), ("PT15M", 900)])
def test_durations_are_seconds_or_iso_8601(
    monkeypatch: pytest.MonkeyPatch, given: str, understood: float
) -> None:
    monkeypatch.setenv("AGREEMENTS_JOB_LEASE", given)

    assert load_settings().job_lease == timedelta(seconds=understood)


def test_every_limit_of_a_document_has_its_setting() -> None:
    settings = load_settings()

    assert {each.name: getattr(settings, f"max_{each.name}") for each in fields(DemandLimits)} == asdict(
        DemandLimits()
    )


async def test_limits_hold_as_they_are_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGREEMENTS_MAX_CHARACTERS", "700")
    monkeypatch.setenv("AGREEMENTS_MAX_FRAGMENTS", "12")
    monkeypatch.setenv("AGREEMENTS_MAX_NESTING", "7")
    texts = {
        "DOCUMENT_TOO_LONG": "{ __typename }".ljust(701),
        "TOO_MANY_FRAGMENTS": "{ __typename }" + " fragment F on Query { __typename }" * 13,
        "NESTING_EXCEEDED": "{ ... " * 7 + "{ __typename }" + " }" * 7,
    }

    async with an_api(f"sqlite:///{tmp_path / 'agreements.db'}") as api:
        answers = [(await api.http.post("/graphql", json={"query": text})).json() for text in texts.values()]

    assert [answer["errors"][0]["extensions"]["code"] for answer in answers] == list(texts)


def test_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGREEMENTS_PORT", "9000")

    assert load_settings(port=9001).port == 9001


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AGREEMENTS_DATABASE_URL", "mysql://somebody:opensesame@db/agreements"),
        ("AGREEMENTS_DATABASE_URL", "opensesame"),
        ("AGREEMENTS_SECRET_KEY", "opensesame"),
        ("AGREEMENTS_PORT", "opensesame"),
        ("AGREEMENTS_ALLOWED_ORIGINS", "*"),
        ("AGREEMENTS_ALLOWED_ORIGINS", "https://portal.example.com/path"),
        ("AGREEMENTS_JOB_LEASE", "-1"),
        ("AGREEMENTS_JOB_LEASE", "opensesame"),
        ("AGREEMENTS_JOB_LEASE", "inf"),
        ("AGREEMENTS_SYNC_SCHEDULE", "opensesame"),
        ("AGREEMENTS_LOG_FORMAT", "opensesame"),
        ("AGREEMENTS_GRAPHIQL", "opensesame"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidSettings) as refusal:
        load_settings()

    assert str(refusal.value).startswith(f"{variable}: ")
    assert "\n" not in str(refusal.value)
    assert "opensesame" not in str(refusal.value)
    assert refusal.value.exit_code == 2


def test_every_wrong_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGREEMENTS_PORT", "70000")
    monkeypatch.setenv("AGREEMENTS_LOG_LEVEL", "loud")

    with pytest.raises(InvalidSettings) as refusal:
        load_settings()

    named = [line.partition(":")[0] for line in str(refusal.value).splitlines()]
    assert named == ["AGREEMENTS_PORT", "AGREEMENTS_LOG_LEVEL"]


def test_settings_never_change() -> None:
    settings = load_settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # pyright: ignore[reportAttributeAccessIssue]  # what is tested


def test_no_secret_is_shown() -> None:
    settings = load_settings(
        secret_key="opensesame" * 4, database_url="postgresql://somebody:opensesame@db/agreements"
    )

    assert "opensesame" not in repr(settings)
