"""What becomes of gaps, in a transaction that has their instrument: noticed, settled, filled, told to others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from candlewick.domain.commit import CommitKind
from candlewick.domain.gap import Gap, GapEvidence, GapState, NewGap
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, within, without
from candlewick.storage import gap_rows, versions
from candlewick.storage.engine import Driver
from candlewick.storage.gap_rows import End, Missing
from candlewick.storage.versions import Turn

SILENT: Final = "the market was silent"
_MARK: Final = "UPDATE gap SET version = $2 WHERE id = ANY($1)"


async def record(driver: Driver, new: NewGap, now: datetime, repairer: Lease | None) -> list[Gap]:
    """The rows made of it, or made longer by it."""
    known = await gap_rows.unfilled_near(driver, new.instrument_id, new.window)
    end = End(GapState.OPEN if repairer is None else GapState.REPAIRING, now, retry_at=new.retry_at)
    made = []
    for span in await _unknown(driver, new, known):
        gap = _sharper(span, known) or gap_rows.adjoining(span, new.evidence, known)
        gap = gap or await gap_rows.ended_before(driver, new.instrument_id, span)
        if gap is None:
            made.append(await gap_rows.insert(driver, new, span, end, repairer))
        else:
            made.append(await gap_rows.lengthen(driver, gap, span, end, repairer))
        known = [*(other for other in known if other.id != made[-1].id), made[-1]]
    return made


async def settle(driver: Driver, gap: Gap, now: datetime, retry_at: datetime | None, reason: str) -> list[Gap]:
    """The gap as it is when its source was asked for all of it, and those that are left of it."""
    state = GapState.UNREPAIRABLE if retry_at is None else GapState.OPEN
    in_vain = End(state, now, reason, gap.tries + 1, retry_at)
    if gap.first_sequence is None:
        lacking = await _lacks_volume(driver, gap)
        return [await gap_rows.finish(driver, gap, in_vain) if lacking else await _end_filled(driver, gap, now)]
    missing = await gap_rows.missing_of(driver, gap.instrument_id, Missing.of(gap))
    if [(run.first, run.last) for run in missing] == [(gap.first_sequence, gap.last_sequence)]:
        return [await gap_rows.finish(driver, gap, in_vain)]
    left = [NewGap(gap.instrument_id, gap.source, GapEvidence.MISSING_SEQUENCES, run.window) for run in missing]
    rest = [await gap_rows.insert(driver, new, run, in_vain, None) for new, run in zip(left, missing, strict=True)]
    return [await gap_rows.finish(driver, gap, End(GapState.REPAIRED, now, tries=gap.tries)), *rest]


async def close_filled(driver: Driver, instrument_id: InstrumentId, covered: Window, now: datetime) -> list[Gap]:
    """The gaps of the window that are filled, all that its source has of it being here."""
    return [
        await _end_filled(driver, gap, now)
        for gap in await gap_rows.unfilled_near(driver, instrument_id, covered)
        if await _is_filled(driver, gap, covered)
    ]


async def tell(driver: Driver, turn: Turn, gaps: Sequence[Gap]) -> None:
    """Log the changes of these gaps, all of one instrument, as a commit of its own."""
    if not gaps:
        return
    await driver.execute(_MARK, [gap.id for gap in gaps], turn.version)
    first = min(gap_rows.whole_minutes(gap.window).start for gap in gaps)
    last = max(gap_rows.whole_minutes(gap.window).end for gap in gaps) - gap_rows.MINUTE
    await versions.commit(
        driver, gaps[0].instrument_id, turn.version, CommitKind.GAP, first, last, rows=len(gaps), raw_id=None
    )


async def _unknown(driver: Driver, new: NewGap, known: Sequence[Gap]) -> list[Missing]:
    """What of it is neither here nor in a gap that is known."""
    span = Missing.of(new)
    if span.first is not None:
        pieces = gap_rows.sequences_without(span, known)
        return [run for piece in pieces for run in await gap_rows.missing_of(driver, new.instrument_id, piece)]
    taken = [gap_rows.whole_minutes(gap.window) for gap in known]
    return [Missing(window) for window in without(new.window, within(taken, new.window))]


def _sharper(span: Missing, known: Sequence[Gap]) -> Gap | None:
    """The gap of which only the time was known, and now the sequences are."""
    if span.first is None:
        return None
    vague = (gap for gap in known if gap.first_sequence is None and gap.evidence is not GapEvidence.RECONCILIATION)
    return next((gap for gap in vague if gap.window.overlaps(span.window)), None)


async def _is_filled(driver: Driver, gap: Gap, covered: Window) -> bool:
    if gap.first_sequence is not None:
        return not await gap_rows.missing_of(driver, gap.instrument_id, Missing.of(gap))
    asked = covered.start <= gap.window.start and gap.window.end <= covered.end
    return asked and not await _lacks_volume(driver, gap)


async def _lacks_volume(driver: Driver, gap: Gap) -> bool:
    """Whether the venue's own candles still hold more: of other gaps without sequences, there is nothing to know."""
    return gap.evidence is GapEvidence.RECONCILIATION and await gap_rows.lacks_volume(
        driver, gap.instrument_id, gap.window
    )


async def _end_filled(driver: Driver, gap: Gap, now: datetime) -> Gap:
    silent = gap.missing is None and not await gap_rows.has_trades(driver, gap.instrument_id, gap.window)
    return await gap_rows.finish(driver, gap, End(GapState.REPAIRED, now, SILENT if silent else None, gap.tries))
