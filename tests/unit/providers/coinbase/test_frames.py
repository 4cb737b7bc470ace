"""Coinbase's stream messages: what is a trade, what is expected, and the rest with its reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from candlewick.domain.market import Side
from candlewick.domain.quote import Quote
from candlewick.providers.coinbase import frames
from unit.providers.coinbase.wire import AT, HEARTBEAT, MATCH, frames_of

SUBSCRIPTIONS = {"type": "subscriptions", "channels": [{"name": "matches", "product_ids": ["BTC-USD"]}]}
ERROR = {"type": "error", "message": "Failed to subscribe", "reason": "X-USD is not a valid product"}


def advanced(*trades: Any) -> dict[str, Any]:
    return {"channel": "market_trades", "events": [{"type": "update", "trades": list(trades)}]}


def test_matches_are_trades_by_product() -> None:
    ether = MATCH | {"product_id": "ETH-USD", "trade_id": 9, "side": "buy"}

    found = frames.read(frames_of(MATCH, ether, MATCH | {"trade_id": 75}))
    assert {symbol: lines.trades.sequence.tolist() for symbol, lines in found.items()} == {
        "BTC-USD": [74, 75], "ETH-USD": [9]
    }  # fmt: skip
    assert found["BTC-USD"].lines.tolist() == [1, 3]
    assert found["ETH-USD"].trades.trades()[0].side is Side.SELL


def test_the_last_match_before_a_subscription_is_a_trade() -> None:
    found = frames.read(frames_of(MATCH | {"type": "last_match"}))

    assert found["BTC-USD"].trades.sequence.tolist() == [74]


def test_gaps_in_the_sequence_of_book_events_mean_nothing() -> None:
    """A feed's `sequence` counts all that happens to the book: a trade goes by its id."""
    found = frames.read(frames_of(MATCH | {"sequence": 50}, MATCH | {"sequence": 9_000, "trade_id": 75}))

    assert found["BTC-USD"].trades.sequence.tolist() == [74, 75]


def test_what_is_no_trade_and_expected_is_nothing() -> None:
    assert frames.read(frames_of(SUBSCRIPTIONS, HEARTBEAT)) == {}
    assert frames.read([]) == frames.quotes([]) == {}  # type: ignore[comparison-overlap]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        ([], "no object"),
        ({"type": "l2update"}, "'l2update' is none that was asked for"),
        ({}, "None is none that was asked for"),
        ({"type": ["match"]}, "none that was asked for"),
        (MATCH | {"product_id": None}, "no product_id"),
        (MATCH | {"product_id": "BTC\0USD"}, "no product_id"),
        (ERROR, "X-USD is not a valid product"),
        (advanced(), "it has no trades"),
        ({"channel": "candles", "events": []}, "five minutes wide"),
    ],
)
def test_the_rest_is_rejected_under_no_product(message: object, said: str) -> None:
    found = frames.read(frames_of(HEARTBEAT, message))

    assert list(found) == [frames.NOBODY]
    [rejected] = found[frames.NOBODY].rejected
    assert rejected.row == 2
    assert said in rejected.reason


def test_a_damaged_match_is_its_product_s() -> None:
    found = frames.read(frames_of(MATCH | {"price": "0"}, MATCH))

    assert [(each.row, len(found["BTC-USD"].trades)) for each in found["BTC-USD"].rejected] == [(1, 1)]


def test_one_trade_without_a_product_does_not_cost_the_others() -> None:
    found = frames.read(frames_of(advanced(MATCH, {"trade_id": "75"}, MATCH | {"trade_id": "76"})))

    assert found["BTC-USD"].trades.sequence.tolist() == [74, 76]
    assert found["BTC-USD"].lines.tolist() == [1, 1]
    assert len(found[frames.NOBODY].rejected) == 1


def test_a_heartbeat_tells_the_newest_trade() -> None:
    older = HEARTBEAT | {"last_trade_id": 70}

    assert frames.tips(frames_of(MATCH, HEARTBEAT, older)) == {"BTC-USD": 80}


@pytest.mark.parametrize("last", [0, None, "80", 2**63, True, -5])
def test_a_heartbeat_that_does_not_know_says_nothing(last: Any) -> None:
    assert frames.tips(frames_of(HEARTBEAT | {"last_trade_id": last})) == {}


def test_a_ticker_of_exchange_s_feed_is_a_quote_and_no_trade() -> None:
    messages = frames_of(
        {
            "type": "ticker", "sequence": 37475248783, "product_id": "BTC-USD", "price": "1285.22",
            "open_24h": "1310.79", "volume_24h": "2.5", "low_24h": "1280.52", "high_24h": "1313.8",
            "volume_30d": "70.1", "best_bid": "1285.04", "best_bid_size": "0.46688654", "best_ask": "1285.27",
            "best_ask_size": "1.56637040", "side": "buy", "time": MATCH["time"], "trade_id": 370843401,
            "last_size": "11.4396987",
        }
    )  # fmt: skip

    assert frames.quotes(messages)["BTC-USD"].quotes == [
        Quote(AT, Decimal("1285.22"), Decimal("1285.04"), Decimal("1285.27"), volume_24h=Decimal("3213.050"))
    ]
    assert frames.read(messages) == {}


def test_a_damaged_ticker_is_rejected_with_its_product() -> None:
    messages = frames_of(
        {"type": "ticker", "product_id": "BTC-USD"}, {"channel": "ticker", "events": [{"tickers": [{}]}]}
    )

    found = frames.quotes(messages)
    assert {symbol: [each.reason for each in lines.rejected] for symbol, lines in found.items()} == {
        "BTC-USD": ["it has no field 'price'"], "": ["it has no product_id"]
    }  # fmt: skip


def test_a_refusal_says_what_and_why() -> None:
    assert frames.refusal(frames_of(ERROR)[0].body) == "Failed to subscribe: X-USD is not a valid product"
    assert frames.refusal(b'{"type":"error"}') == "no reason"


@pytest.mark.parametrize("message", [MATCH, SUBSCRIPTIONS, HEARTBEAT | {"note": "error"}, b'{"error"', ["error"]])
def test_other_messages_are_no_refusal(message: object) -> None:
    assert frames.refusal(frames_of(message)[0].body) is None


def test_a_heart_is_a_product_s() -> None:
    bodies = [frame.body for frame in frames_of(HEARTBEAT, MATCH, b'{"heartbeat"', {"type": "x", "y": "heartbeat"})]

    assert [frames.heartbeat_of(body) for body in bodies] == ["BTC-USD", None, None, None]
