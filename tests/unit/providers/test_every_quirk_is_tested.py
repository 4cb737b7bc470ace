"""Every oddity of providers that we know of has a test that is named after it. This page is the list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recordings import DATA

TESTS = Path(__file__).parents[2]
TABLE = DATA.parent / "design" / "PROVIDERS.md"

QUIRKS = {
    "the same aggregate id in two day files with different trades": [
        "test_the_same_aggregate_id_in_two_day_files_with_different_trades",
    ],
    "rows interleaved and out of order; files split by receive time, not trade time": [
        "test_rows_interleaved_and_out_of_order_in_files_split_by_receive_time",
        "test_rows_interleaved_and_out_of_order_are_no_gap",
    ],
    "holes in trade ids": [
        "test_holes_in_the_ids_of_a_file_are_gaps_and_fail_no_import",
        "test_holes_in_the_ids_of_a_history_are_gaps_and_fail_no_step",
    ],
    "monthly file lacks days that the daily file has; archives replaced later under a new checksum": [
        "test_a_monthly_file_lacks_days_that_the_daily_file_has",
        "test_a_replaced_archive_corrects_its_day_and_the_old_one_cannot_come_back",
    ],
    "invalid markers: price 0, size 0, first/last id -1": [
        "test_an_invalid_marker_is_a_dead_letter_with_the_reason",
    ],
    "hours of silence with contiguous ids; missing candles": [
        "test_hours_of_silence_with_contiguous_ids_are_no_trades",
    ],
    "zero-volume candles from Binance and Kraken, omitted by Coinbase": [
        "test_zero_volume_rows_are_candles_without_trades",
    ],
    "archive timestamps in ms before 2025-01-01 and µs after (spot)": [
        "test_milliseconds_and_microseconds_are_told_apart_row_by_row",
    ],
    "hundreds of trades in one millisecond": [
        "test_hundreds_of_trades_in_a_millisecond_and_a_hole_among_them_are_one_moment",
        "test_hundreds_of_trades_in_one_moment_keep_the_order_of_their_ids",
    ],
    "exchange clock 1.3 s ahead of ours": [
        "test_the_exchange_s_clock_is_1_3_s_ahead_of_ours",
        "test_an_exchange_s_clock_that_is_ahead_drops_nothing",
    ],
    "paging by timestamp loses trades of the same ms": [
        "test_paging_by_timestamp_loses_trades_of_the_same_moment",
        "test_paging_by_id_gives_every_trade_exactly_once",
    ],
    "Kraken `since`/`last` are ns strings beyond 2^53": [
        "test_since_and_last_are_nanoseconds_beyond_53_bits",
    ],
    "Coinbase `side` is the maker's; Binance `m` = buyer is maker": [
        "test_coinbase_side_is_the_maker_s_so_the_aggressor_is_stored",
        "test_a_trade_is_exact_and_takes_the_aggressor_s_side",
    ],
    "null market cap or price; 1.42e+29; up to about 85 decimals in one string": [
        "test_null_price_market_cap_and_volume_are_nothing_said",
        "test_numbers_are_exact_however_they_are_written",
    ],
    "unknown ids silently absent from the answer; `ids=a, b` loses b": [
        "test_unknown_ids_and_currencies_are_silently_absent",
        "test_ids_with_a_space_silently_lose_all_but_the_first",
    ],
    "'hourly' points 675 to 6,682 s apart; the last point is 'now'": [
        "test_hourly_points_are_anything_but_an_hour_apart",
        "test_the_last_point_of_a_chart_is_now_and_off_the_grid",
    ],
    "676 ambiguous symbols at CoinGecko": [
        "test_of_the_coins_that_share_a_code_the_one_with_the_best_rank_is_meant_by_it",
    ],
    "XBT/XDG, ZEUR, `.d` pairs; LUNA→LUNC, ANS→NEO, AOL→TWX": [
        "test_xbt_and_xdg_are_btc_and_doge",
        "test_zeur_is_eur",
        "test_dark_pool_pairs_are_left_out",
        "test_a_new_symbol_leaves_the_former_one_as_a_dated_alias",
    ],
    "1INCHUSDT, 1000SHIBUSDT, non-ASCII symbols": [
        "test_symbols_outside_ascii_are_listed",
        "test_a_symbol_outside_ascii_is_asked_for",
        "test_base_and_quote_are_never_cut_out_of_the_symbol",
    ],
    "USD is not USDT; 433 of 1,695 pairs not trading": [
        "test_usd_is_not_usdt",
        "test_what_is_not_trading_stays_with_its_status",
    ],
    "splits and dividends": [
        "test_splits_alone_or_dividends_too",
        "test_raw_and_adjusted_closes_side_by_side",
    ],
    "100× price errors": [
        "test_a_price_100_times_off_is_kept_as_received_and_flagged",
    ],
    "exchange-local days and daylight saving": [
        "test_the_evening_is_new_yorks_in_summer_and_winter",
        "test_rates_are_of_16_00_in_frankfurt_in_summer_and_winter",
    ],
    "HTTP 200 carrying an error or an HTML page": [
        "test_http_200_carries_an_error_or_a_page",
        "test_http_200_carries_an_error",
    ],
    "Kraken's last OHLC row and CoinPaprika's current day are unfinished": [
        "test_the_last_ohlc_row_is_unfinished",
        "test_the_current_day_is_unfinished_and_left_out",
    ],
}
"""By the row of the table of quirks, in its words."""


@pytest.mark.parametrize("quirk", QUIRKS)
def test_it_has_a_test_named_after_it(quirk: str) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", text))

    assert [name for name in QUIRKS[quirk] if name not in there] == []


def test_the_list_is_complete() -> None:
    if not TABLE.exists():
        pytest.skip(f"no table of quirks at {TABLE}")
    rows = TABLE.read_text(encoding="utf-8").partition("## What breaks naive ingesters")[2].partition("\n## ")[0]
    known = re.findall(r"^\| (?!quirk|---)(.+?) \|", rows, re.MULTILINE)

    assert [row for row in known if row not in QUIRKS] == []
    assert known
