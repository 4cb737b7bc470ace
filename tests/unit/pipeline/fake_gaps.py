"""A GapStore in memory: what is missing is told by the trades that the fake store has, as by the real one."""

# ruff: noqa: ARG002  (a fake takes what its port takes)

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.gap import Gap, GapEvidence, GapId, GapState, NewGap
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId, Trade
from candlewick.domain.rhythm import Rhythm
from candlewick.domain.time import Window, coalesce

type Kept = dict[tuple[InstrumentId, int], Trade]


@dataclass
class FakeGaps:
    """Rows by id, in the order in which they were made."""

    kept: Kept
    rows: dict[GapId, Gap] = field(default_factory=dict)
    states: list[tuple[GapId, GapState]] = field(default_factory=list)
    covered: dict[InstrumentId, list[Window]] = field(default_factory=dict)
    published: dict[InstrumentId, list[Window]] = field(default_factory=dict)
    """What is covered of the venue's own candles."""
    searched: list[Window] = field(default_factory=list)
    paces: dict[InstrumentId, Rhythm] = field(default_factory=dict)

    async def record(
        self, found: Sequence[NewGap], *, now: datetime, lease: Lease | None = None, repairing: bool = False
    ) -> Sequence[Gap]:
        made = []
        for new in found:
            state = GapState.REPAIRING if repairing else GapState.OPEN
            known = [row for row in self.rows.values() if row.state.unfilled]
            if new.first_sequence is None or new.last_sequence is None:
                if not any(row.window.overlaps(new.window) for row in known):
                    made.append(self._insert(new, new.window, state, now))
                continue
            taken = {number for row in known if row.missing for number in _numbers(row)}
            for first, last in _runs(self._missing(new) - taken):
                vague = [row for row in known if row.first_sequence is None and row.window.overlaps(new.window)]
                if vague:
                    gap = replace(vague[0], first_sequence=first, last_sequence=last, missing=last - first + 1)
                    made.append(self._keep(gap))
                else:
                    made.append(self._insert(new, new.window, state, now, first, last))
        return made

    async def begin(self, ids: Sequence[GapId], lease: Lease) -> Sequence[Gap]:
        return [self._keep(replace(self.rows[gap_id], state=GapState.REPAIRING)) for gap_id in ids]

    async def settle(
        self, gap_id: GapId, *, now: datetime, lease: Lease | None, retry_at: datetime | None, reason: str
    ) -> Gap:
        gap = self.rows[gap_id]
        missing = self._missing(gap) if gap.first_sequence is not None else set()
        state = GapState.UNREPAIRABLE if retry_at is None else GapState.OPEN
        if missing and missing == set(_numbers(gap)):
            in_vain = replace(gap, state=state, reason=reason, tries=gap.tries + 1, retry_at=retry_at, closed_at=None)
            return self._keep(in_vain)
        for first, last in _runs(missing):
            new = NewGap(gap.instrument_id, gap.source, GapEvidence.MISSING_SEQUENCES, gap.window)
            self._insert(new, gap.window, state, now, first, last, reason)
        return self._keep(replace(gap, state=GapState.REPAIRED, missing=0 if gap.missing else None, closed_at=now))

    async def dismiss(self, gap_id: GapId, *, now: datetime, lease: Lease | None, reason: str) -> Gap:
        return self._keep(replace(self.rows[gap_id], state=GapState.REPAIRED, reason=reason, closed_at=now))

    async def due(self, now: datetime, sources: Collection[str], limit: int) -> Sequence[InstrumentId]:
        due = {row.instrument_id for row in self.rows.values() if row.source in sources and _is_due(row, now)}
        return sorted(due)[:limit]

    async def due_of(self, instrument_id: InstrumentId, now: datetime, limit: int) -> Sequence[Gap]:
        return [row for row in self.rows.values() if row.instrument_id == instrument_id and _is_due(row, now)][:limit]

    async def unfilled(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[Gap]]:
        open_ones = [row for row in self.rows.values() if row.state in {GapState.OPEN, GapState.REPAIRING}]
        return {key: [row for row in open_ones if row.instrument_id == key] for key in instrument_ids}

    async def read(
        self, instrument_ids: Sequence[InstrumentId], window: Window | None, limit: int
    ) -> Mapping[InstrumentId, Sequence[Gap]]:
        return {key: [row for row in self.rows.values() if row.instrument_id == key] for key in instrument_ids}

    async def changed(self, instrument_id: InstrumentId, after: int, upto: int, limit: int) -> Sequence[Gap]:
        raise NotImplementedError

    async def rhythms(self, instrument_ids: Sequence[InstrumentId], until: datetime) -> Mapping[InstrumentId, Rhythm]:
        return self.paces

    async def search(
        self, instrument_id: InstrumentId, source: str, window: Window, *, now: datetime, lease: Lease | None = None
    ) -> Sequence[Gap]:
        self.searched.append(window)
        return []

    async def put_off(self, gap_id: GapId, *, lease: Lease | None, retry_at: datetime, reason: str) -> Gap:
        return self._keep(replace(self.rows[gap_id], state=GapState.OPEN, retry_at=retry_at, reason=reason))

    async def covers(self, instrument_id: InstrumentId, window: Window) -> bool:
        return any(
            span.start <= window.start and window.end <= span.end for span in self.covered.get(instrument_id, [])
        )

    async def cover(
        self,
        instrument_id: InstrumentId,
        window: Window,
        *,
        now: datetime,
        lease: Lease | None = None,
        origin: CandleOrigin = CandleOrigin.TRADES,
    ) -> None:
        covered = self.covered if origin is CandleOrigin.TRADES else self.published
        covered[instrument_id] = coalesce([*covered.get(instrument_id, []), window])

    @property
    def told(self) -> list[tuple[str, str, int | None, int | None]]:
        """Evidence, state and sequences of each row."""
        return [
            (row.evidence.value, row.state.value, row.first_sequence, row.last_sequence) for row in self.rows.values()
        ]

    def _missing(self, span: Gap | NewGap) -> set[int]:
        return {number for number in _numbers(span) if (span.instrument_id, number) not in self.kept}

    def _insert(
        self, new: NewGap, window: Window, state: GapState, now: datetime,
        first: int | None = None, last: int | None = None, reason: str | None = None,
    ) -> Gap:  # fmt: skip
        missing = None if first is None or last is None else last - first + 1
        return self._keep(
            Gap(
                GapId(len(self.rows) + 1), new.instrument_id, new.source, new.evidence, window, state, now, first, last,
                missing, reason, retry_at=new.retry_at,
            )
        )  # fmt: skip

    def _keep(self, gap: Gap) -> Gap:
        self.rows[gap.id] = gap
        self.states.append((gap.id, gap.state))
        return gap


def _numbers(span: Gap | NewGap) -> range:
    assert span.first_sequence is not None
    assert span.last_sequence is not None
    return range(span.first_sequence, span.last_sequence + 1)


def _runs(numbers: set[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _is_due(row: Gap, now: datetime) -> bool:
    return row.state is GapState.OPEN and (row.retry_at is None or row.retry_at <= now)
