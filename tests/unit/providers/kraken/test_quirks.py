"""What is odd about Kraken, one test each, in the words of what we know about providers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from candlewick.domain.errors import SourceRefused
from candlewick.domain.market import Side
from candlewick.domain.raw import Payload
from candlewick.ports import Frame
from candlewick.providers.exact_json import Number
from candlewick.providers.kraken import frames, payloads, rest, symbols
from markets import LATER
from unit.providers.kraken.wire import CANDLE, EVENT, OLD_ROW, ROW, answer, changed, message, page, recorded_body, texts


def test_http_200_carries_an_error() -> None:
    assert isinstance(rest.objection(b'{"error":["EQuery:Unknown asset pair"],"result":{}}'), SourceRefused)


def test_the_result_s_key_is_kraken_s_name_not_the_asked_one() -> None:
    assert len(payloads.trades(page([ROW], "/0/public/Trades?pair=XBTUSD")).trades) == 1


def test_since_and_last_are_nanoseconds_beyond_53_bits() -> None:
    assert payloads.page_of(page([], last="1762820035982277754")).last == "1762820035982277754"


def test_rows_of_2019_have_no_trade_id() -> None:
    lines = payloads.trades(page([OLD_ROW]))

    assert len(lines.trades) == 1
    assert int(lines.trades.sequence[0]) < 0


def test_hundreds_of_trades_in_one_moment_keep_the_order_of_their_ids() -> None:
    rows = [changed(ROW, 6, number) for number in range(1, 501)]

    assert payloads.trades(page(rows)).trades.sequence.tolist() == list(range(1, 501))


def test_the_last_ohlc_row_is_unfinished() -> None:
    endpoint = "/0/public/OHLC?pair=XBTUSDT&interval=1"
    opened = datetime(2025, 11, 11, 0, 17, tzinfo=UTC)
    late = Payload("kraken", endpoint, recorded_body("rest/http_ohlc.json.gz"), opened + timedelta(hours=1))

    assert payloads.candles(late).candles[-1].open_time == opened - timedelta(minutes=1)


def test_zero_volume_rows_are_candles_without_trades() -> None:
    row = [1_762_777_020, "106038.2", "106038.2", "106038.2", "106038.2", "0.0", "0.00000000", 0]
    (candle,) = payloads.candles(page([row], last=1_762_820_160)).candles

    assert (candle.volume, candle.trade_count, candle.close) == (Decimal(0), 0, Decimal("106038.2"))


def test_the_side_is_the_aggressor_s() -> None:
    rest_sides = [trade.side for trade in payloads.trades(page([ROW, changed(ROW, 3, "s")])).trades.trades()]
    stream = frames.read([Frame(message([EVENT, EVENT | {"side": "sell"}]), LATER)])["BTC/USD"]

    assert rest_sides == [trade.side for trade in stream.trades.trades()] == [Side.BUY, Side.SELL]


def test_websocket_v2_writes_prices_as_json_numbers() -> None:
    lines = frames.read([Frame(message([EVENT | {"price": Number("9007199254740993.20")}]), LATER)])["BTC/USD"]

    assert lines.trades.price.decimals() == [Decimal("9007199254740993.20")]


def test_websocket_v1_s_names_are_understood() -> None:
    body = b'[0,[["5541.20000","0.15850568","1534614057.321597","s","l",""]],"trade","XBT/USD"]'

    assert list(frames.read([Frame(body, LATER)])) == ["BTC/USD"]


def test_xbt_and_xdg_are_btc_and_doge() -> None:
    pair = {"altname": "XDGXBT", "wsname": "XDG/XBT", "base": "XXDG", "quote": "XXBT"}

    assert str(symbols.listings(answer({"XXDGXXBT": pair}))[0].key) == "kraken:DOGE-BTC"


def test_zeur_is_eur() -> None:
    (listing,) = symbols.listings(answer({"XXBTZEUR": {"altname": "XBTEUR", "base": "XXBT", "quote": "ZEUR"}}))

    assert str(listing.key) == "kraken:BTC-EUR"


def test_dark_pool_pairs_are_left_out() -> None:
    pairs = texts(recorded_body("rest_recorded/AssetPairs_2017.json"))
    payload = Payload("kraken", "/0/public/AssetPairs", recorded_body("rest_recorded/AssetPairs_2017.json"), LATER)

    dark = [name for name in pairs if name.endswith(".d")]
    assert len(dark) == 11
    assert len(symbols.listings(payload)) == len(pairs) - len(dark)


def test_usd_is_not_usdt() -> None:
    pairs = {
        "XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD"},
        "XBTUSDT": {"altname": "XBTUSDT", "wsname": "XBT/USDT"},
    }

    assert len(symbols.listings(answer(pairs))) == 2


@pytest.mark.parametrize("ahead", [timedelta(seconds=1.3)])
def test_an_exchange_s_clock_that_is_ahead_drops_nothing(ahead: timedelta) -> None:
    event = EVENT | {"timestamp": (LATER + ahead).isoformat().replace("+00:00", "Z")}

    assert len(frames.read([Frame(message([event]), LATER)])["BTC/USD"].trades) == 1


def test_an_exchange_s_clock_that_is_ahead_makes_no_candle_of_a_running_minute() -> None:
    opened = datetime(2025, 11, 10, 12, 19, tzinfo=UTC)
    given = page([CANDLE], last=CANDLE[0])

    assert payloads.candles(Payload("kraken", given.endpoint, given.body, opened + timedelta(seconds=59))).candles == []
