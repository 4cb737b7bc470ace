"""A store that writes rows as a database would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from candlewick.domain.candle import Candle
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Page
from candlewick.domain.time import microseconds
from candlewick.domain.written import RowTemplate, WrittenPage
from unit.graphql.fakes import FakeCandles
from written import text_of


class WritingCandles(FakeCandles):
    """Writes what it would read, but for coverage."""

    written = 0

    async def read_written(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, template: RowTemplate
    ) -> Mapping[InstrumentId, WrittenPage | Page[Candle]]:
        pages = await self.read(instrument_ids, query)
        if query.coverage:
            return pages
        self.written += 1
        return {key: _written(page, template) for key, page in pages.items()}


def _written(page: Page[Candle], template: RowTemplate) -> WrittenPage:
    keys = [str(microseconds(row.open_time)) for row in page.rows] if template.keyed else []
    return WrittenPage([text_of(row, template) for row in page.rows], keys, page.more)
