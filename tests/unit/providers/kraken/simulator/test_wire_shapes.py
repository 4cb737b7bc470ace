"""What the simulator writes has the fields that real answers had, each of the same JSON type."""

from __future__ import annotations

import re
from typing import Any

import pytest

from candlewick.providers.exact_json import Number, loads
from candlewick.providers.kraken.simulator.feed import KrakenFeed, trades_parcel
from candlewick.providers.kraken.simulator.pairs import Pair
from unit.providers.kraken.simulator import test_feed
from unit.providers.kraken.simulator.venue import asking
from unit.providers.kraken.wire import recorded_body

pytestmark = pytest.mark.shared_data


def shape(value: Any) -> Any:
    """The JSON types of a value; numbers in text by their having decimals."""
    match value:
        case dict():
            return {name: shape(part) for name, part in sorted(value.items())}
        case list():
            return [shape(part) for part in value]
        case Number():
            return "number"
        case str() if re.fullmatch(r"-?\d+\.\d+", value):
            return "text with decimals"
        case _:
            return type(value).__name__


def first_of(answer: dict[str, Any]) -> Any:
    """What stands under the pair's name, whatever that is; of rows the first."""
    found = next(value for name, value in answer["result"].items() if name != "last")
    return found[0] if isinstance(found, list) else found


@pytest.mark.parametrize(
    ("recording", "path"),
    [
        ("rest/http_trades.json.gz", "Trades?pair=XBTUSD"),
        ("rest/http_ohlc.json.gz", "OHLC?pair=XBTUSD"),
        ("rest/http_ticker.json", "Ticker?pair=XBTUSD"),
    ],
)
async def test_rows_of_rest(recording: str, path: str) -> None:
    real = loads(recorded_body(recording))
    async with asking() as client:
        ours = loads((await client.get(f"/0/public/{path}")).content)

    assert shape(first_of(ours)) == shape(first_of(real))
    assert type(ours["result"].get("last")) is type(real["result"].get("last"))


@pytest.mark.parametrize("name", ["Time", "SystemStatus"])
async def test_answers_about_the_venue(name: str) -> None:
    recording = {"Time": "rest/http_server_time.json", "SystemStatus": "rest/http_system_status.json"}[name]
    async with asking() as client:
        ours = loads((await client.get(f"/0/public/{name}")).content)

    assert shape(ours) == shape(loads(recorded_body(recording)))


async def test_pairs_have_the_fields_that_we_read() -> None:
    real = first_of(loads(recorded_body("rest/http_asset_pairs.json")))
    async with asking() as client:
        ours = first_of(loads((await client.get("/0/public/AssetPairs")).content))

    assert set(ours) <= set(real)
    assert {name for name in real if name not in ours} == {"long_position_limit", "short_position_limit"}


async def test_assets_have_their_fields() -> None:
    real = loads(recorded_body("rest_recorded/Assets_2017.json"))["result"]["XXBT"]
    async with asking() as client:
        ours = loads((await client.get("/0/public/Assets")).content)["result"]["XXBT"]

    assert shape({name: ours[name] for name in real}) == shape(real)


@pytest.mark.parametrize(
    ("recording", "kinds"),
    [("ws_trade_update", ("trade",)), ("ws_ticker_snapshot", ("ticker",)), ("ws_ohlc_update", ("ohlc",))],
)
def test_messages_of_the_websocket(recording: str, kinds: tuple[str, ...]) -> None:
    pair = test_feed.Pair()
    (ours, *_) = test_feed.said(pair.after(1, pair.newest(2), *kinds))
    real = loads(recorded_body(f"ws_v2/{recording}.json"))

    assert ours["channel"] == real["channel"]
    ours, real = ours["data"][0], real["data"][0]
    assert set(real) <= set(ours)
    numeric = {name for name, value in real.items() if isinstance(value, Number)}
    assert all(isinstance(ours[name], Number | int) for name in numeric)
    assert {name: type(ours[name]) for name in real if name not in numeric} == {
        name: type(value) for name, value in real.items() if name not in numeric
    }


def test_a_snapshot_is_written_like_an_update() -> None:
    pair = test_feed.Pair()
    (text,) = trades_parcel(Pair(pair.symbol), pair.newest(3), 50, "snapshot").frames(None)

    assert loads(text.encode())["type"] == "snapshot"
    assert KrakenFeed(pair.exchange, pair.writer.options).kinds == ("trade", "ticker", "ohlc", "heartbeat")
