"""Where settings come from, and what a wrong one says."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from candlewick.domain.errors import SettingsError
from candlewick.settings import LogFormat, load_settings
from candlewick.settings.catalogue import catalogue
from candlewick.settings.effective import Origin, effective_settings
from candlewick.settings.template import template

URL = "postgresql://me:hunter2@db.example/candlewick"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and no variable of ours."""
    monkeypatch.chdir(tmp_path)
    for name in [setting.variable for setting in catalogue().values()] + ["CANDLEWICK_CONFIG"]:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "candlewick.toml"
    path.write_text(text)
    return path


def test_without_anything_given_the_server_stays_on_this_machine() -> None:
    settings = load_settings()

    assert settings.http.host == "127.0.0.1"
    assert settings.allows_anonymous
    assert settings.database.url is None
    assert settings.archive_dir == settings.data_dir / "archive"


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "[http]\nport = 9000\nhost = '::1'\n")
    monkeypatch.setenv("CANDLEWICK_HTTP__PORT", "9001")

    http = load_settings().http
    assert (http.port, http.host) == (9001, "::1")


def test_the_file_can_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "other.toml").write_text("log_format = 'json'")
    monkeypatch.setenv("CANDLEWICK_CONFIG", "other.toml")

    assert load_settings().log_format is LogFormat.JSON


def test_a_named_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_CONFIG", "nowhere.toml")

    with pytest.raises(SettingsError, match=r"CANDLEWICK_CONFIG names nowhere\.toml"):
        load_settings()


def test_an_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_HTTP__PORT", "")

    assert load_settings().http.port == 8000


@pytest.mark.parametrize("text", ["1.5", "PT1.5S"])
def test_a_duration_is_seconds_or_iso_8601(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CANDLEWICK_WORKER__REFRESH_EVERY", text)

    assert load_settings().worker.refresh_every == timedelta(seconds=1.5)


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().http.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "given", "allowed"),
    [
        ("http.port", "70000", "a whole number from 1 to 65535"),
        ("http.port", "abc", "a whole number from 1 to 65535"),
        ("log_format", "xml", "one of console, json"),
        ("http.anonymous", "perhaps", "true or false"),
        ("worker.refresh_every", "soon", "a duration like PT1.5S, or seconds from 0.05 to 3600"),
    ],
)
def test_a_wrong_setting_names_itself_what_was_given_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, allowed: str
) -> None:
    variable = catalogue()[name].variable
    monkeypatch.setenv(variable, given)

    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == f"{name} ({variable}) is {given!r}; allowed is {allowed}"


def test_every_wrong_setting_is_named_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "[http]\nport = 0\n")
    monkeypatch.setenv("CANDLEWICK_LOG_LEVEL", "loud")

    with pytest.raises(SettingsError, match=r"2 settings are wrong:\n(?s:.*)log_level(?s:.*)http\.port"):
        load_settings()


def test_a_wrong_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_DATABASE__URL", "mysql://me:hunter2@db/x")

    with pytest.raises(SettingsError, match="CANDLEWICK_DATABASE__URL") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
    assert "postgresql://" in str(caught.value)


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("CANDLEWICK_HTTP__PROT", "CANDLEWICK_HTTP__PORT"),
        ("CANDLEWICK_LOGLEVEL", "CANDLEWICK_LOG_LEVEL"),
        ("CANDLEWICK_DATABASE_URL", "CANDLEWICK_DATABASE__URL"),
    ],
)
def test_a_typo_in_a_variable_does_not_pass_silently(monkeypatch: pytest.MonkeyPatch, typo: str, meant: str) -> None:
    monkeypatch.setenv(typo, "1")

    with pytest.raises(SettingsError, match=f"there is no setting {typo}: did you mean {meant}?"):
        load_settings()


def test_a_typo_in_the_file_does_not_pass_silently(folder: Path) -> None:
    write(folder, "[htp]\nport = 1\n")

    with pytest.raises(SettingsError, match="there is no setting htp"):
        load_settings()


@pytest.mark.parametrize("line", ["[http]\nport = true", "[worker]\nstop_timeout = false"])
def test_a_flag_is_no_number(folder: Path, line: str) -> None:
    write(folder, f"{line}\n")

    with pytest.raises(SettingsError, match=r"http\.port|worker\.stop_timeout"):
        load_settings()


def test_a_value_in_the_place_of_a_table_is_explained(folder: Path) -> None:
    write(folder, "http = 8000\n")

    with pytest.raises(SettingsError, match=r"http is a table of settings, not 8000: write for example http\.host"):
        load_settings()


def test_a_file_that_is_no_toml_is_named(folder: Path) -> None:
    write(folder, "port: 8000")

    with pytest.raises(SettingsError, match=r"candlewick\.toml is no TOML"):
        load_settings()


@pytest.mark.parametrize(
    ("host", "anonymous", "allowed"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("localhost", None, True),
        ("::", None, False),
        ("example.org", None, False),
        ("::", True, True),
        ("127.0.0.1", False, False),
    ],
)
def test_anonymous_reading_beyond_this_machine_must_be_asked_for(
    host: str, anonymous: bool | None, allowed: bool
) -> None:
    assert load_settings(http={"host": host, "anonymous": anonymous}).allows_anonymous is allowed


@pytest.mark.parametrize(
    "before",
    [{"http": {"hosts": "localhost,api.example.org"}}, {"access": {"trusted_proxies": "127.0.0.1"}}],
)
def test_a_server_behind_a_proxy_is_not_this_machines_alone(before: dict[str, dict[str, str]]) -> None:
    settings = load_settings(**before)

    assert settings.exposed
    assert not settings.allows_anonymous


@pytest.mark.parametrize(
    "origins", ["app.example.org", "https://app.example.org/", "https://a@b.example", "https://*.example.org:x"]
)
def test_an_origin_is_spelled_as_browsers_do(origins: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_ACCESS__ORIGINS", origins)
    with pytest.raises(SettingsError, match=r"access\.origins .* allowed is a text like https://app\.example\.org"):
        load_settings()


def test_names_of_the_loopback_expose_nothing() -> None:
    assert not load_settings(http={"hosts": "localhost,127.0.0.1"}).exposed


@pytest.mark.parametrize("networks", ["proxy.example.org", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1;::1"])
def test_a_proxy_is_an_address_or_a_network(networks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_ACCESS__TRUSTED_PROXIES", networks)
    with pytest.raises(SettingsError, match=r"access\.trusted_proxies .* allowed is a text like 127\.0\.0\.1,10"):
        load_settings()


def test_no_secret_has_a_default() -> None:
    assert all(setting.default is None for setting in catalogue().values() if setting.secret)


def test_the_template_changes_nothing() -> None:
    tables = "".join(
        f"[{setting.section}]\n" for setting in {s.section: s for s in catalogue().values() if s.section}.values()
    )
    assert tomllib.loads(template()) == tomllib.loads(tables)


def test_every_line_of_the_template_can_be_made_to_count(folder: Path) -> None:
    lines = template().splitlines()
    write(folder, "\n".join(line.removeprefix("# ") if " = " in line else line for line in lines))

    settings = load_settings()
    assert {shown.origin for shown in effective_settings(settings)} == {Origin.FILE}


def test_the_effective_settings_say_where_they_come_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "[http]\nport = 9000\n")
    monkeypatch.setenv("CANDLEWICK_LOG_LEVEL", "DEBUG")

    shown = {one.setting.name: (one.value, one.origin) for one in effective_settings(load_settings())}
    assert shown["http.port"] == (9000, Origin.FILE)
    assert shown["log_level"] == ("debug", Origin.ENVIRONMENT)
    assert shown["http.host"] == ("127.0.0.1", Origin.DEFAULT)


def test_the_effective_settings_hide_the_password_and_show_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_DATABASE__URL", URL)

    shown = {one.setting.name: one.value for one in effective_settings(load_settings())}
    assert shown["database.url"] == "postgresql://me:***@db.example/candlewick"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database.url", "postgresql://me:hunter/2@db.example/candlewick"),
        ("database.url", "postgresql://me:12/hunter@db.example/candlewick"),
        ("database.url", "postgresql://me:hunter2@db.example:port/candlewick"),
        ("redis.url", "redis://:hunter2@redis.example:99999"),
        ("database.url", "postgresql://"),
    ],
)
def test_a_url_whose_password_or_port_cannot_be_told_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(catalogue()[name].variable, value)
    with pytest.raises(SettingsError, match=r"is \(hidden\)") as caught:
        load_settings()

    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("hosts", ["api.*", "*example.org", "api.example.org:8000", "https://example.org", " , "])
def test_a_host_name_that_no_request_has_is_refused(hosts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_HTTP__HOSTS", hosts)
    with pytest.raises(SettingsError, match=r"http\.hosts .* allowed is a text like api\.example\.org"):
        load_settings()


@pytest.mark.parametrize("hosts", ["*", "*.example.org", "api.example.org, www.example.org", "192.0.2.1,[2001:db8::1]"])
def test_a_host_name_that_a_request_may_have_is_taken(hosts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_HTTP__HOSTS", hosts)

    assert load_settings().http.host_names[-1] == hosts.rpartition(",")[2].strip()


def test_a_home_that_is_not_there_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_DATA_DIR", "~nobody-of-that-name/data")
    with pytest.raises(SettingsError, match=r"data_dir \(CANDLEWICK_DATA_DIR\)"):
        load_settings()


def test_a_file_in_a_home_that_is_not_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_CONFIG", "~nobody-of-that-name/candlewick.toml")
    with pytest.raises(SettingsError, match="is no file"):
        load_settings()
