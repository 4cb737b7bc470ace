"""A server answers to its own names: a page whose name was made to resolve to it has another."""

from __future__ import annotations

import pytest

from candlewick.graphql.app import HttpOptions
from candlewick.settings import HttpSettings, Settings
from unit.graphql.conftest import client_of
from unit.graphql.fakes import FakeServices

EVERYWHERE = "::"
OURS = ["localhost", "MARKET.example:8000", "192.0.2.7", "192.0.2.7:8000", "[2001:db8::1]:8000"]
FOREIGN = [
    "rebound.example", "192.0.2.7.example", "a@192.0.2.7", "192.0.2.7/a", "192.0.2.7:x", "::1]", "[::1",
    "0x7f000001", "",
]  # fmt: skip


async def status_for(host: str, *, addresses: bool = True) -> int:
    options = HttpOptions(anonymous=True, hosts=("localhost", "market.example"), addresses=addresses)
    async with client_of(FakeServices(), options) as client:
        return (await client.get("/healthz", headers={"host": host})).status_code


@pytest.mark.parametrize("host", OURS)
async def test_names_and_addresses_of_ours_are_answered(host: str) -> None:
    assert await status_for(host) == 200


@pytest.mark.parametrize("host", FOREIGN)
async def test_whatever_else_is_refused(host: str) -> None:
    assert await status_for(host) == 400


async def test_an_address_is_no_name_unless_it_is_said_to_be() -> None:
    assert await status_for("192.0.2.7", addresses=False) == 400


def test_who_may_read_without_a_key_may_not_come_by_any_name() -> None:
    settings = Settings(http=HttpSettings(host=EVERYWHERE, anonymous=True))
    assert settings.is_open
    assert "*" not in settings.host_names


@pytest.mark.parametrize("more", [{}, {"anonymous": True, "hosts": "*"}])
def test_a_server_that_needs_a_key_or_is_told_so_has_any_name(more: dict[str, object]) -> None:
    settings = Settings(http=HttpSettings.model_validate({"host": EVERYWHERE} | more))
    assert "*" in settings.host_names
    assert not settings.is_open
