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
