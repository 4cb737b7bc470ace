"""What docker-compose.yml promises, read from the file itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")


def test_services_are_the_documented_ones() -> None:
    assert set(SERVICES) == {"database", "redis", "migrate", "server", "worker"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_redis_keeps_an_append_only_file_on_a_volume() -> None:
    command = SERVICES["redis"]["command"]

    assert command[command.index("--appendonly") + 1] == "yes"
    assert "redis:/data" in SERVICES["redis"]["volumes"]


def test_data_lies_on_named_volumes() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"]}

    assert mounted == set(COMPOSE["volumes"])


def test_database_is_timescaledb_of_a_pinned_version() -> None:
    assert re.fullmatch(r"timescale/timescaledb:\d+\.\d+\.\d+-pg\d+", SERVICES["database"]["image"])


def test_migrations_run_once_before_server_and_worker() -> None:
    assert SERVICES["migrate"]["command"] == ["migrate"]
    assert SERVICES["migrate"]["restart"] == "no"
    for name in ("server", "worker"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_only_the_server_is_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"server": ["${CANDLEWICK_PUBLISH:-127.0.0.1:8000}:8000"]}


def test_no_secret_has_a_default() -> None:
    for variable in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text()):
        if "PASSWORD" in variable["name"]:
            assert variable["rest"].startswith(":?"), variable["name"]


def test_every_variable_is_documented_and_no_other() -> None:
    used = {variable["name"] for variable in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text())}
    documented = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert documented == used


def test_example_holds_no_password() -> None:
    assert re.findall(r"PASSWORD=(.+)", (ROOT / ".env.example").read_text()) == []


def test_image_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1] == "candlewick"
