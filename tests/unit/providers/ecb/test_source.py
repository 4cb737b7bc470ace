"""The ECB over the network: what is asked of whom, what is kept, what happens when one of the two is away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from candlewick.domain.errors import SourceUnavailable
from candlewick.domain.time import Window
from candlewick.providers.ecb import PROVIDER
from candlewick.providers.ecb.directory import EcbDirectory
from candlewick.providers.ecb.files import EcbFiles
from candlewick.providers.ecb.quotes import EcbQuoteHistory, EcbQuotes
from candlewick.providers.ecb.reader import EcbReader
from candlewick.providers.ecb.rest import HISTORY, LATEST
from candlewick.providers.sources import market_sources
from markets import FrozenClock
from source_doubles import Budget, Script, client
from unit.providers.ecb.wire import HISTORIC, NEWEST, RANGE, answer, history, instrument, latest, zipped

NOW = datetime(2026, 4, 13, 15, 0, tzinfo=UTC)
YEARS = Window(datetime(1999, 1, 4, tzinfo=UTC), NOW)
DAYS = Window(datetime(2026, 4, 10, tzinfo=UTC), datetime(2026, 4, 14, tzinfo=UTC))


class Scene:
    """Both hosts, one script for each."""

    def __init__(
        self, *answers: httpx.Response | Exception, frankfurter: httpx.Response | Exception | None = None
    ) -> None:
        self.clock = FrozenClock(NOW)
        self.bank = Script(list(answers) or [httpx.Response(200, content=zipped(HISTORIC))])
        self.other = Script([frankfurter or httpx.Response(200, text=RANGE)])
        self.files = EcbFiles(client(self.bank, clock=self.clock)[0], self.clock)
        self.quotes = EcbQuotes(self.files)
        self.history = EcbQuoteHistory(self.files, client(self.other, clock=self.clock)[0])
        self.directory = EcbDirectory(self.files)

    def asked(self) -> list[str]:
        return [str(request.url.raw_path.decode()) for request in (*self.bank.requests, *self.other.requests)]


async def test_the_newest_rates_of_all_currencies_are_one_small_file() -> None:
    scene = Scene(httpx.Response(200, content=zipped(NEWEST)))
    [page] = await scene.quotes.pages([instrument("USD"), instrument("JPY")])
    assert scene.asked() == [LATEST]
    assert set(scene.quotes.read(page)) == {"USD", "JPY", "IDR"}
    assert await scene.quotes.pages([]) == []


async def test_years_come_from_the_banks_file_all_at_once() -> None:
    scene = Scene()
    page = await scene.history.page(instrument(), YEARS)
    fetched = scene.history.read(instrument(), page)
    assert scene.asked() == [HISTORY]
    assert (len(fetched.rows.quotes), fetched.complete) == (3, True)


async def test_a_few_days_come_from_frankfurter_with_the_end_left_out() -> None:
    scene = Scene()
    page = await scene.history.page(instrument(), DAYS)
    assert scene.asked() == ["/v1/2026-04-10..2026-04-13?base=EUR&symbols=USD"]
    assert scene.history.read(instrument(), page).complete


@pytest.mark.parametrize(
    "failure",
    [httpx.Response(404, text='{"message":"not found"}'), httpx.Response(503), httpx.ConnectError("away")],
    ids=["no such days", "away", "no connection"],
)
async def test_where_frankfurter_has_nothing_the_bank_is_asked(failure: httpx.Response | Exception) -> None:
    scene = Scene(frankfurter=failure)
    page = await scene.history.page(instrument(), DAYS)
    assert page.endpoint == HISTORY


async def test_the_file_of_all_days_is_fetched_once_an_hour() -> None:
    scene = Scene()
    for currency in ("USD", "JPY", "BGN"):
        await scene.history.page(instrument(currency), YEARS)
    assert scene.asked() == [HISTORY]
    scene.clock.moment = NOW + timedelta(hours=1, seconds=1)
    await scene.history.page(instrument(), YEARS)
    assert scene.asked() == [HISTORY] * 2


async def test_the_directory_hands_a_file_out_until_somebody_is_through_with_it() -> None:
    scene = Scene()
    async for page in scene.directory.pages():
        assert len(scene.directory.read(page)) == 4
        break  # it could not be taken over
    assert len([page async for page in scene.directory.pages()]) == 1
    assert [page async for page in scene.directory.pages()] == []
    scene.clock.moment = NOW + timedelta(hours=2)
    scene.bank.answers = [httpx.Response(200, content=zipped(HISTORIC.replace("186.75", "186.76")))]
    assert len([page async for page in scene.directory.pages()]) == 1


@pytest.mark.parametrize("body", [b"<html>Be right back</html>", b"", b"x" * (17 * 1024 * 1024)])
async def test_something_else_than_the_file_is_unavailable(body: bytes) -> None:
    scene = Scene(httpx.Response(200, content=body))
    with pytest.raises(SourceUnavailable):
        await scene.files.latest()


def test_kept_payloads_are_read_again() -> None:
    reader = EcbReader()
    assert len(reader.read(history()).listings) == 4
    assert len(reader.read(latest()).quotes["USD"].quotes) == 1
    contents = reader.read(answer(RANGE))
    assert (len(contents.quotes["USD"].quotes), list(contents.listings)) == (3, [])


def test_a_bad_line_comes_with_the_currency_that_was_asked_for() -> None:
    lines = Scene().history.read(instrument(), history(HISTORIC + "oh,1,1,1,1,\n")).rows
    assert (len(lines.quotes), [each.row for each in lines.rejected]) == (3, [5])


async def test_quotes_and_their_past_and_the_list_can_be_had() -> None:
    assert PROVIDER.access is not None
    async with market_sources({"ecb": PROVIDER.access}, FrozenClock(), lambda *_, **__: Budget()) as sources:
        source = sources["ecb"]
        assert None not in (source.quotes, source.quote_history, source.directory, source.reader)
        assert (source.trades, source.candles, source.days, source.stream) == (None, None, None, None)
        assert source.quote_reach > timedelta(days=30_000)
        assert list(source.circuits()) == []
