"""Writing what a turn of building bars came to: the bars, where it stands after them, and what is out of date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from candlewick.domain.bar_series import NewBar, SeriesId
from candlewick.domain.job import Lease
from candlewick.ports.bars import BarsBuilt, BarTurn
from candlewick.storage import leases
from candlewick.storage.engine import Driver

_COLUMNS: Final = ("series_id", "number", *NewBar._fields, "complete", "revised")

_LOCK: Final = "SELECT most_bars FROM bar_series WHERE id = $1 AND turn = $2 FOR UPDATE"
_CUT: Final = "DELETE FROM bar WHERE series_id = $1 AND number >= $2"
_CUT_CHECKPOINTS: Final = "DELETE FROM bar_checkpoint WHERE series_id = $1 AND number > $2"
_SEEN: Final = "UPDATE bar_checkpoint SET version = $3 WHERE series_id = $1 AND number = $2"
_STAND: Final = """
INSERT INTO bar_checkpoint (series_id, number, version, bars, last_sequence, reached, state)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

# The n-th before the newest stays if n < 8 times the largest power of two in its number: the older, the fewer.
_THIN: Final = "DELETE FROM bar_checkpoint WHERE series_id = $1 AND number <= $2 - 8 * (number & -number)"
# What is not at the end stays behind, by its version.
_SERIES: Final = """
UPDATE bar_series
SET turn = turn + 1, bars = $2, most_bars = greatest(most_bars, $2), reached = $4, ready = ready OR $5,
    version = CASE WHEN $5 THEN $3 ELSE version END
WHERE id = $1
"""


async def write_turn(driver: Driver, turn: BarTurn, built: BarsBuilt | None, lease: Lease | None) -> bool:
    """See `BarStore.put`. In the transaction that `driver` is in."""
    await leases.hold(driver, lease)
    series_id = turn.series.id
    most_bars = await driver.fetchval(_LOCK, series_id, turn.turn)
    if most_bars is None:
        return False
    bars = turn.bars
    if built is None:
        await driver.execute(_SEEN, series_id, turn.checkpoint, turn.version)
    else:
        bars += len(built.bars)
        await driver.execute(_CUT, series_id, turn.kept)
        await driver.copy_records_to_table("bar", records=_records(turn, built, most_bars), columns=_COLUMNS)
        await _stand(driver, series_id, turn, built)
    await driver.execute(_SERIES, series_id, bars, turn.version, turn.reached, not turn.more)
    return True


def _records(turn: BarTurn, built: BarsBuilt, most_bars: int) -> Sequence[tuple[Any, ...]]:
    """Those that are not there yet. What is made again after a change of the past is revised."""
    series_id, new = turn.series.id, list(enumerate(built.bars, turn.bars))[turn.kept - turn.bars :]
    records: list[tuple[Any, ...]] = [(series_id, number, *bar, True, number < most_bars) for number, bar in new]
    number = turn.bars + len(built.bars)
    if built.open is not None and number >= turn.kept:
        records.append((series_id, number, *built.open, False, False))
    return records


async def _stand(driver: Driver, series_id: SeriesId, turn: BarTurn, built: BarsBuilt) -> None:
    await driver.execute(_CUT_CHECKPOINTS, series_id, turn.checkpoint)
    if not len(turn.batch):  # it stands where it stood then
        await driver.execute(_SEEN, series_id, turn.checkpoint, turn.version)
        return
    number, bars = turn.checkpoint + 1, turn.bars + len(built.bars)
    await driver.execute(_STAND, series_id, number, turn.version, bars, built.last_sequence, turn.reached, built.state)
    await driver.execute(_THIN, series_id, number)
