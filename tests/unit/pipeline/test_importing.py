"""Importing archive files: everything once, whatever interrupts it; what does not belong is refused or kept aside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binance_files import DAY, NAME, candle_line, read_trades, trade_line, trade_lines, write_csv, write_zip
from candlewick.domain.errors import DamagedFile, TapeMismatch, UnknownSymbol
from candlewick.domain.gap import GapEvidence, GapState
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey, Tape
from candlewick.domain.raw import LetterKind
from candlewick.domain.time import Window
from candlewick.pipeline.file_job import ImportProgress
from candlewick.pipeline.importing import ArchiveImport, Imported
from candlewick.ports import Outcome
from candlewick.providers.binance.archive import BinanceArchives
from markets import FrozenClock
from recordings import recording
from unit.pipeline.fakes import FakeStores, Killed

KEY = InstrumentKey("binance", "BTC", "USDT")
DAY_WINDOW = Window(DAY, DAY + timedelta(days=1))
AGGREGATE = "5,0.1,1,1,2,1723161255342,true,True"
CLOCK = FrozenClock()


@pytest.fixture
def fakes() -> FakeStores:
    return FakeStores()


def importer(fakes: FakeStores) -> ArchiveImport:
    """A minute of the made-up files has 60 rows; a batch takes two or three of them."""
    return ArchiveImport(BinanceArchives(CLOCK, block_bytes=1000), fakes.stores(), CLOCK, batch_rows=100)


async def run(fakes: FakeStores, path: Path, key: InstrumentKey = KEY, *, again: bool = False) -> Imported:
    return await importer(fakes).run(path, key, again=again)


async def test_a_file_goes_in_batch_by_batch_and_no_minute_is_written_twice(fakes: FakeStores, tmp_path: Path) -> None:
    imported = await run(fakes, write_zip(tmp_path / NAME, trade_lines(600)))
    assert imported.outcome == Outcome(stored=600)
    assert len(fakes.trades.batches) > 3
    assert set(fakes.trades.minutes.values()) == {1}
    assert fakes.raw.only.complete


async def test_the_candle_tree_is_fresh_after_an_import(fakes: FakeStores, tmp_path: Path) -> None:
    await run(fakes, write_zip(tmp_path / NAME, trade_lines(600)))
    assert fakes.candles.settled == 1


async def test_much_dirt_is_settled_on_the_way(fakes: FakeStores, tmp_path: Path) -> None:
    fakes.candles.dirt = timedelta(days=33)
    await run(fakes, write_zip(tmp_path / NAME, trade_lines(600)))
    assert fakes.candles.settled == len(fakes.trades.batches) + 1


async def test_the_same_file_again_is_known_and_not_read(fakes: FakeStores, tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(200))
    await run(fakes, path)
    written = len(fakes.trades.batches)
    imported = await run(fakes, path)
    assert (imported.already, imported.outcome) == (True, Outcome())
    assert len(fakes.trades.batches) == written


async def test_again_delivers_every_row_once_more(fakes: FakeStores, tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(200))
    await run(fakes, path)
    imported = await run(fakes, path, again=True)
    assert (imported.already, imported.outcome) == (False, Outcome(repeated=200))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(kill_before=st.integers(0, 6), random=st.randoms(use_true_random=False), shuffled=st.booleans())
async def test_a_killed_import_goes_on_without_loss_or_duplicate(
    tmp_path: Path, kill_before: int, random: Random, shuffled: bool
) -> None:
    fakes = FakeStores()
    lines = trade_lines(600)
    if shuffled:
        random.shuffle(lines)
    path = write_zip(tmp_path / NAME, lines)
    fakes.trades.kill_before = kill_before
    try:
        await run(fakes, path)
    except Killed:
        reached = fakes.raw.only.lines_stored
        fakes.trades.kill_before = None
        imported = await run(fakes, path)
        assert imported.outcome.stored + imported.outcome.repeated == 600 - reached
    assert list(dict(sorted(fakes.trades.kept.items())).values()) == read_trades(write_zip(path, trade_lines(600)))


async def test_an_interrupted_import_does_not_start_over(fakes: FakeStores, tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(600))
    fakes.trades.kill_before = 3
    with pytest.raises(Killed):
        await run(fakes, path)
    assert 0 < fakes.raw.only.lines_stored < 600
    fakes.trades.kill_before = None
    imported = await run(fakes, path)
    assert imported.outcome == Outcome(stored=600 - sum(fakes.trades.batches[:3]))


async def test_bad_rows_are_kept_aside_and_the_rest_goes_in(fakes: FakeStores, tmp_path: Path) -> None:
    lines = [trade_line(0), "nonsense", trade_line(1), trade_line(2, price="0"), trade_line(3)]
    imported = await run(fakes, write_zip(tmp_path / NAME, lines))
    assert imported.outcome == Outcome(stored=3, dead=2)
    assert [(row.row, row.reason) for row in fakes.trades.rejected] == [
        (2, "it has 1 fields instead of 7"),
        (4, "price 0 is not above zero"),
    ]


async def test_a_file_under_another_checksum_replaces_its_day(fakes: FakeStores, tmp_path: Path) -> None:
    path = tmp_path / NAME
    await run(fakes, write_zip(path, trade_lines(300)))
    imported = await run(fakes, write_zip(path, [trade_line(7, price="5"), *trade_lines(7)]))
    assert imported.corrected
    assert fakes.trades.replaced == [Window(DAY, Interval.D1.duration.after(DAY))]
    assert list(dict(sorted(fakes.trades.kept.items())).values())[-1].price == 5
    assert len(fakes.trades.kept) == 8


async def test_a_correction_that_is_killed_leaves_what_was_there(fakes: FakeStores, tmp_path: Path) -> None:
    path = tmp_path / NAME
    await run(fakes, write_zip(path, trade_lines(300)))
    before = dict(fakes.trades.kept)
    fakes.trades.kill_before = len(fakes.trades.batches) + 1
    with pytest.raises(Killed):
        await run(fakes, write_zip(path, trade_lines(301)))
    assert fakes.trades.kept == before


async def test_files_with_a_name_of_no_date_replace_nothing(fakes: FakeStores, tmp_path: Path) -> None:
    await run(fakes, write_csv(tmp_path / "mine.csv", trade_lines(3)))
    imported = await run(fakes, write_csv(tmp_path / "mine.csv", trade_lines(5)[3:]))
    assert not imported.corrected
    assert len(fakes.trades.kept) == 5


async def test_a_file_of_no_symbol_serves_each_instrument_for_itself(fakes: FakeStores, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", trade_lines(3))
    await run(fakes, path)
    imported = await run(fakes, path, InstrumentKey("binance", "ETH", "USDT"))
    assert imported.outcome == Outcome(stored=3)


async def test_the_other_tape_is_refused_and_nothing_is_kept(fakes: FakeStores, tmp_path: Path) -> None:
    await run(fakes, write_zip(tmp_path / NAME, trade_lines(3)))
    with pytest.raises(TapeMismatch, match="keeps the TRADES tape, this feed carries AGGREGATED"):
        await run(fakes, write_zip(tmp_path / "BTCUSDT-aggTrades-2024-08-08.zip", [AGGREGATE]))
    assert len(fakes.raw.files) == 1


async def test_the_first_file_decides_the_tape(fakes: FakeStores, tmp_path: Path) -> None:
    imported = await run(fakes, write_zip(tmp_path / "BTCUSDT-aggTrades-2024-08-08.zip", [AGGREGATE]))
    assert imported.instrument.tape is Tape.AGGREGATED


async def test_another_symbol_is_refused_and_no_instrument_is_made(fakes: FakeStores, tmp_path: Path) -> None:
    with pytest.raises(UnknownSymbol, match="'BTCUSDT': it is not binance:ETH-USDT"):
        await run(fakes, write_zip(tmp_path / NAME, trade_lines(3)), InstrumentKey("binance", "ETH", "USDT"))
    assert not fakes.instruments.listed
    assert not fakes.raw.files


async def test_a_former_symbol_of_the_instrument_is_accepted(fakes: FakeStores, tmp_path: Path) -> None:
    await run(fakes, write_zip(tmp_path / NAME, trade_lines(3)))
    fakes.instruments.aliases = frozenset({"XBTUSDT"})
    imported = await run(fakes, write_zip(tmp_path / "XBTUSDT-trades-2024-08-08.zip", trade_lines(5)[3:]))
    assert imported.outcome == Outcome(stored=2)


async def test_a_damaged_file_leaves_nothing_behind(fakes: FakeStores, tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(300))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DamagedFile):
        await run(fakes, path)
    assert not fakes.raw.files
    assert not fakes.instruments.listed


async def test_klines_become_published_candles_and_their_bad_rows_dead_letters(
    fakes: FakeStores, tmp_path: Path
) -> None:
    lines = [candle_line(0), candle_line(1, high="1"), candle_line(2)]
    imported = await run(fakes, write_zip(tmp_path / "BTCUSDT-1m-2024-08-08.zip", lines))
    assert imported.outcome == Outcome(stored=2, dead=1)
    assert list(fakes.candles.published) == [DAY, DAY + timedelta(minutes=2)]
    assert [(letter.kind, letter.reason[:6]) for letter in fakes.letters.kept] == [(LetterKind.MALFORMED, "row 2:")]
    assert fakes.raw.only.complete


async def test_a_file_without_rows_is_complete(fakes: FakeStores, tmp_path: Path) -> None:
    assert (await run(fakes, write_zip(tmp_path / NAME, []))).outcome == Outcome()
    assert fakes.raw.only.complete


async def test_progress_rises_to_the_last_line(fakes: FakeStores, tmp_path: Path) -> None:
    seen: list[ImportProgress] = []
    path = write_zip(tmp_path / NAME, trade_lines(600))
    await importer(fakes).run(path, KEY, report=seen.append)
    assert [each.lines for each in seen] == sorted(each.lines for each in seen)
    assert seen[-1] == ImportProgress(600, 600, Outcome(stored=600))


async def test_a_month_of_dirt_is_no_reason_to_pause(fakes: FakeStores, tmp_path: Path) -> None:
    fakes.candles.dirt = timedelta(days=31)
    await run(fakes, write_zip(tmp_path / NAME, trade_lines(600)))
    assert fakes.candles.settled == 1


@pytest.mark.shared_data
async def test_recorded_days_go_in_whole(fakes: FakeStores) -> None:
    folder = recording("binance/archive_derived/data/spot/daily/trades/BTCUSDT")
    first = await run(fakes, folder / NAME)
    second = await run(fakes, folder / NAME.replace("08.zip", "09.zip"))
    assert (first.outcome.stored, second.outcome.stored) == (9_738, 10_166)


async def test_the_window_of_a_file_is_covered_once_its_trades_are_stored(fakes: FakeStores, tmp_path: Path) -> None:
    await run(fakes, write_zip(tmp_path / NAME, trade_lines(200)))

    assert list(fakes.gaps.covered.values()) == [[DAY_WINDOW]]


async def test_holes_in_the_ids_of_a_file_are_gaps_and_fail_no_import(fakes: FakeStores, tmp_path: Path) -> None:
    """A quirk of archives: ids that are in none of them."""
    lines = trade_lines(200)
    imported = await run(fakes, write_zip(tmp_path / NAME, [*lines[:50], *lines[53:120], *lines[121:]]))

    assert imported.outcome == Outcome(stored=196)
    [first, second] = fakes.gaps.rows.values()
    assert [(gap.evidence, gap.state, gap.missing) for gap in (first, second)] == [
        (GapEvidence.MISSING_SEQUENCES, GapState.OPEN, 3), (GapEvidence.MISSING_SEQUENCES, GapState.OPEN, 1)
    ]  # fmt: skip


async def test_rows_interleaved_and_out_of_order_are_no_gap(fakes: FakeStores, tmp_path: Path) -> None:
    """A quirk of archives: their order is that of several writers."""
    lines = trade_lines(400)
    await run(fakes, write_zip(tmp_path / NAME, [*lines[1::2], *lines[::2]]))

    assert fakes.gaps.told == []


async def test_a_file_whose_import_was_interrupted_is_searched_for_holes_as_a_whole(
    fakes: FakeStores, tmp_path: Path
) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(600))
    fakes.trades.kill_before = 2
    with pytest.raises(Killed):
        await run(fakes, path)
    assert fakes.gaps.covered == {}
    fakes.trades.kill_before = None
    await run(fakes, path)

    assert fakes.gaps.searched == [DAY_WINDOW]
    assert list(fakes.gaps.covered.values()) == [[DAY_WINDOW]]


async def test_a_file_that_was_stored_and_never_accounted_for_is_when_it_comes_again(
    fakes: FakeStores, tmp_path: Path
) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(200))
    await run(fakes, path)
    fakes.gaps.covered.clear()
    assert (await run(fakes, path)).already

    assert fakes.gaps.searched == [DAY_WINDOW]
    assert list(fakes.gaps.covered.values()) == [[DAY_WINDOW]]
