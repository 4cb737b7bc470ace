"""Websocket messages become trades by symbol; what nobody asked for is kept with its reason."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from candlewick.domain.market import Side, Trade
from candlewick.ports import Frame
from candlewick.providers.exact_json import Number, written
from candlewick.providers.kraken import frames
from markets import LATER
from unit.providers.kraken.wire import EVENT, changed, message, recorded_body

AT = datetime(2025, 11, 10, 17, 23, 53, 971_744, tzinfo=UTC)
V1_ROW = ["5541.20000", "0.15850568", "1534614057.321597", "s", "l", ""]


def frame(body: object) -> Frame:
    return Frame(body if isinstance(body, bytes) else written(body).encode(), LATER)


def test_a_trade_s_numbers_are_exact() -> None:
    found = frames.read([frame(message([EVENT, EVENT | {"side": "sell", "trade_id": 7}]))])

    assert found["BTC/USD"].trades.trades() == [
        Trade(10218208, Decimal("105944.2"), Decimal("0.00027625"), Side.BUY, AT),
        Trade(7, Decimal("105944.2"), Decimal("0.00027625"), Side.SELL, AT),
    ]


@pytest.mark.parametrize("number", ["0.1000000000000000055511151231257827", "9007199254740993.25", "2.5e-07", "105944"])
def test_digits_that_no_float_holds_are_kept(number: str) -> None:
    value = int(number) if number.isdecimal() else Number(number)
    found = frames.read([frame(message([EVENT | {"price": value}, EVENT]))])

    assert found["BTC/USD"].trades.price.decimals()[0] == Decimal(number)


def test_a_message_s_trades_are_told_apart_by_symbol_and_have_its_place() -> None:
    found = frames.read(
        [frame({"channel": "heartbeat"}), frame(message([EVENT, EVENT | {"symbol": "ETH/EUR"}, EVENT]))]
    )

    assert {symbol: lines.lines.tolist() for symbol, lines in found.items()} == {"BTC/USD": [2, 2], "ETH/EUR": [2]}


def test_snapshots_are_trades_as_updates_are() -> None:
    assert len(frames.read([frame(message([EVENT], "snapshot"))])["BTC/USD"].trades) == 1


def test_v1_s_messages_and_names_are_understood() -> None:
    found = frames.read([frame([0, [V1_ROW, changed(V1_ROW, 3, "b")], "trade", "XBT/USD"])])

    lines = found["BTC/USD"]
    assert [(trade.price, trade.size, trade.side) for trade in lines.trades.trades()] == [
        (Decimal("5541.2"), Decimal("0.15850568"), side) for side in (Side.SELL, Side.BUY)
    ]
    assert lines.trades.trades()[0].ts == datetime(2018, 8, 18, 17, 40, 57, 321_597, tzinfo=UTC)
    assert all(sequence < 0 for sequence in lines.trades.sequence.tolist())


def test_trades_of_both_versions_of_one_pair_are_all_there() -> None:
    found = frames.read([frame([0, [V1_ROW], "trade", "XBT/USD"]), frame(message([EVENT]))])

    assert len(found["BTC/USD"].trades) == 2


EXPECTED: list[object] = [
    {"channel": "heartbeat"},
    {"channel": "status", "type": "update", "data": [{"api_version": "v2", "system": "online"}]},
    {"channel": "ticker", "type": "update", "data": []},
    {"channel": "ohlc", "type": "snapshot", "data": []},
    {"channel": "trade", "type": "snapshot", "data": []},
    {"method": "subscribe", "result": {"channel": "trade", "symbol": "BTC/USD"}, "success": True, "req_id": 1},
    {"method": "pong", "req_id": 42},
    {"event": "heartbeat"},
    {"event": "systemStatus", "status": "online"},
    {"event": "pong", "reqid": 42},
    {"event": "subscriptionStatus", "status": "subscribed", "pair": "XBT/USD", "subscription": {"name": "trade"}},
    [10, ["1", "2"], "ticker", "XBT/USD"],
    [10, {"as": []}, {"bs": []}, "book-10", "XBT/USD"],
]


@pytest.mark.parametrize("body", EXPECTED, ids=str)
def test_what_is_no_trade_and_need_not_be_is_nothing(body: object) -> None:
    assert frames.read([frame(body)]) == {}


def test_no_frames_are_nothing() -> None:
    assert frames.read([]) == {}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "it is no JSON"),
        (b"", "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b"[1]", "is none that was asked for"),
        (b"[1,2,[],{}]", "is none that was asked for"),
        (b"5", "is none that was asked for"),
        ({"channel": "fills"}, "is none that was asked for"),
        ({"channel": []}, "is none that was asked for"),
        ({"event": "cancelled"}, "is none that was asked for"),
        ({"event": ["heartbeat"]}, "is none that was asked for"),
        ({"channel": "trade", "data": {}}, "it has no list of trades"),
        ([0, [V1_ROW], "trade", "XBTUSD"], "not written as BASE/QUOTE"),
        ([0, {}, "trade", "XBT/USD"], "it has no list of trades of a pair"),
        ([0, [V1_ROW], "trade", 5], "it has no list of trades of a pair"),
        (message([EVENT | {"symbol": ""}]), "it has no symbol"),
        (message([EVENT | {"symbol": 5}]), "it has no symbol"),
        (message([None]), "it has no symbol"),
        (
            {"method": "subscribe", "success": False, "error": "Currency pair not supported", "symbol": "A/B"},
            "Currency pair not supported A/B",
        ),
        ({"method": "subscribe", "success": False}, "it does not say why"),
        ({"event": "subscriptionStatus", "status": "error", "errorMessage": "Bad", "pair": "A/B"}, "Bad A/B"),
    ],
)
def test_what_belongs_to_no_symbol_is_rejected_under_no_name(body: object, reason: str) -> None:
    found = frames.read([frame(message([EVENT])), frame(body)])

    (rejected,) = found[frames.NOBODY].rejected
    assert rejected.row == 2
    assert reason in rejected.reason
    assert len(found["BTC/USD"].trades) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": "105944.20"}, "price '105944.20' is no number"),
        ({"qty": None}, "quantity None is no number"),
        ({"price": 0}, "price 0 is not above zero"),
        ({"qty": Number("-0.5")}, "size -0.5 is not above zero"),
        ({"trade_id": -1}, "marks a trade that never happened"),
        ({"trade_id": Number("7.0")}, "trade id '7.0' is no whole number"),
        ({"side": "b"}, "side 'b' is neither 'buy' nor 'sell'"),
        ({"timestamp": "2025-11-10T17:23:53"}, "is no moment"),
        ({"timestamp": "2025-11-10T17:23:60Z"}, "is no moment"),
        ({"timestamp": 1_762_795_433}, "is no moment"),
        ({"timestamp": "1999-11-10T17:23:53Z"}, "does not lie between 2009 and tomorrow"),
        ({"timestamp": "9999-12-31T23:59:59-23:59"}, "time"),
    ],
)
def test_a_bad_trade_is_rejected_under_its_symbol(change: dict[str, Any], reason: str) -> None:
    lines = frames.read([frame(message([EVENT, EVENT | change]))])["BTC/USD"]

    assert len(lines.trades) == 1
    (rejected,) = lines.rejected
    assert reason in rejected.reason
    assert rejected.text == written(EVENT | change)


@pytest.mark.parametrize("name", ["trade_id", "price", "qty", "timestamp", "side"])
def test_a_trade_without_a_field_says_which(name: str) -> None:
    event = {key: value for key, value in EVENT.items() if key != name}

    (rejected,) = frames.read([frame(message([event]))])["BTC/USD"].rejected
    assert f"it has no field '{name}'" in rejected.reason


def test_a_message_with_nul_can_be_kept_as_text() -> None:
    (rejected,) = frames.read([frame(b"\x00\xff{")])[frames.NOBODY].rejected

    assert rejected.text == "\\x00\\xff{"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Exceeded msg rate", "method": "subscribe", "success": False},
        {"errorMessage": "Exceeded msg rate", "event": "subscriptionStatus", "status": "error"},
    ],
)
def test_a_refusal_is_told(body: object) -> None:
    assert frames.refusal(orjson.dumps(body)) == "Exceeded msg rate"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Currency pair not supported FOO/USD", "method": "subscribe", "success": False, "symbol": "FOO/USD"},
        {"errorMessage": "Currency pair not supported", "event": "subscriptionStatus", "pair": "FOO/USD"},
    ],
)
def test_the_refusal_of_one_pair_is_none_of_all(body: object) -> None:
    assert frames.refusal(orjson.dumps(body)) is None
    assert "Currency pair not supported" in frames.read([frame(body)])[frames.NOBODY].rejected[0].reason


@pytest.mark.parametrize("body", [*EXPECTED, b'{"error"', ["error"], {"x": "error"}], ids=str)
def test_other_messages_are_no_refusal(body: object) -> None:
    assert frames.refusal(frame(body).body) is None


def test_recorded_trades_are_read_exactly() -> None:
    found = frames.read([frame(recorded_body("ws_v2/ws_trade_update.json"))])

    assert found["BTC/USD"].trades.trades() == [
        Trade(
            10218208, Decimal("105944.20"), Decimal("0.00027625"), Side.BUY,
            datetime(2023, 10, 6, 17, 35, 55, 440_295, tzinfo=UTC),
        ),
        Trade(
            10218209, Decimal("105910.50"), Decimal("0.00012460"), Side.SELL,
            datetime(2023, 10, 6, 17, 35, 56, 123_456, tzinfo=UTC),
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["ws_ohlc_update", "ws_pong", "ws_subscribe_response", "ws_ticker_snapshot"])
def test_recorded_messages_without_trades_are_expected(name: str) -> None:
    assert frames.read([frame(recorded_body(f"ws_v2/{name}.json"))]) == {}
