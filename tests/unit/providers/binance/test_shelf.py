"""Which archive files there should be, and how they are had."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from candlewick.domain.errors import InvalidRange, RateLimited, SourceUnavailable
from candlewick.domain.market import DataKind, Tape
from candlewick.domain.time import Window
from candlewick.providers.binance.shelf import BinanceShelf
from source_doubles import Broken, client, files_in, instrument

DAY = Window(datetime(2024, 8, 8, tzinfo=UTC), datetime(2024, 8, 9, tzinfo=UTC))
MONTH = Window(datetime(2024, 8, 1, tzinfo=UTC), datetime(2024, 9, 1, tzinfo=UTC))
ZIP = b"PK\x03\x04 and so on"
CHECKSUM = f"{hashlib.sha256(ZIP).hexdigest()}  BTCUSDT-trades-2024-08-08.zip\n".encode()
NAME = "/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2024-08-08.zip"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Host:
    """Has these files; notes what was asked."""

    def __init__(self, files: dict[str, bytes | httpx.Response]) -> None:
        self.files = files
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        found = self.files.get(request.url.path, httpx.Response(404, text="<Error><Code>NoSuchKey</Code></Error>"))
        return found if isinstance(found, httpx.Response) else httpx.Response(200, content=found)


def shelf(host: Host) -> BinanceShelf:
    return BinanceShelf(client(host)[0], "binance")


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        (("2024-08-08", "2024-08-10"), "2024-09-20", ["2024-08-08/2024-08-09", "2024-08-09/2024-08-10"]),
        (("2024-08-08T10:00", "2024-08-08T11:00"), "2024-09-20", ["2024-08-08/2024-08-09"]),
        (("2024-08-31", "2024-10-01"), "2024-10-20", ["2024-08-31/2024-09-01", "2024-09-01/2024-10-01"]),
        (("2024-08-08", "2024-08-10"), "2024-08-09T23:59", ["2024-08-08/2024-08-09"]),
        (("2024-08-08", "2024-08-10"), "2024-08-08T10:00", []),
        (("2024-02-01", "2024-03-01"), "2024-03-04", ["2024-02-01/2024-03-01"]),
        (("2023-12-01", "2024-02-01"), "2024-03-04", ["2023-12-01/2024-01-01", "2024-01-01/2024-02-01"]),
    ],
    ids=["days", "part of a day", "a day, then a month", "today not", "nothing yet", "first monday", "over new year"],
)
def test_days_and_months_cover_a_window(window: tuple[str, str], now: str, expected: list[str]) -> None:
    found = shelf(Host({})).windows(Window(at(window[0]), at(window[1])), at(now))

    assert [f"{each.start:%Y-%m-%d}/{each.end:%Y-%m-%d}" for each in found] == expected


def test_a_month_whose_file_is_not_due_is_cut_into_days() -> None:
    found = shelf(Host({})).windows(Window(at("2024-02-01"), at("2024-03-01")), at("2024-03-03T23:59"))

    assert (len(found), found[0]) == (29, Window(at("2024-02-01"), at("2024-02-02")))


@pytest.mark.parametrize(
    ("kind", "tape", "window", "path"),
    [
        (DataKind.TRADES, Tape.TRADES, DAY, NAME),
        (
            DataKind.TRADES,
            Tape.AGGREGATED,
            MONTH,
            "/data/spot/monthly/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-08.zip",
        ),
        (DataKind.CANDLES, Tape.TRADES, DAY, "/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-08-08.zip"),
        (DataKind.CANDLES, Tape.AGGREGATED, MONTH, "/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-08.zip"),
    ],
)
async def test_a_file_lies_where_binance_puts_it(
    kind: DataKind, tape: Tape, window: Window, path: str, tmp_path: Path
) -> None:
    host = Host({path: ZIP, f"{path}.CHECKSUM": CHECKSUM})

    found = await shelf(host).fetch(instrument(tape=tape), kind, window, tmp_path)

    assert found == tmp_path / path.rsplit("/", 1)[1]
    assert host.asked == [f"{path}.CHECKSUM", path]


async def test_the_checksum_lies_beside_the_file(tmp_path: Path) -> None:
    await shelf(Host({NAME: ZIP, f"{NAME}.CHECKSUM": CHECKSUM})).fetch(instrument(), DataKind.TRADES, DAY, tmp_path)

    assert files_in(tmp_path) == {
        "BTCUSDT-trades-2024-08-08.zip": ZIP,
        "BTCUSDT-trades-2024-08-08.zip.CHECKSUM": CHECKSUM,
    }


@pytest.mark.parametrize("files", [{}, {f"{NAME}.CHECKSUM": CHECKSUM}], ids=["neither", "checksum alone"])
async def test_a_file_that_is_not_there_is_none_and_leaves_nothing(
    files: dict[str, bytes | httpx.Response], tmp_path: Path
) -> None:
    assert await shelf(Host(files)).fetch(instrument(), DataKind.TRADES, DAY, tmp_path) is None
    assert files_in(tmp_path) == {}


async def test_a_file_without_its_checksum_cannot_be_had_yet(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="has no CHECKSUM yet"):
        await shelf(Host({NAME: ZIP})).fetch(instrument(), DataKind.TRADES, DAY, tmp_path)

    assert files_in(tmp_path) == {}


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(200, stream=Broken([b"PK"])),
        lambda _: httpx.Response(200, text="<html>"),
        lambda _: httpx.Response(429, headers={"Retry-After": "100"}),
    ],
    ids=["cut", "html", "limited"],
)
async def test_a_failed_download_leaves_nothing(answer: object, tmp_path: Path) -> None:
    def host(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(".CHECKSUM"):
            return httpx.Response(200, content=CHECKSUM)
        return answer(request)  # type: ignore[operator, no-any-return]

    with pytest.raises((SourceUnavailable, RateLimited)):
        await BinanceShelf(client(host)[0], "binance").fetch(instrument(), DataKind.TRADES, DAY, tmp_path)

    assert files_in(tmp_path) == {}


async def test_a_symbol_outside_ascii_is_asked_for(tmp_path: Path) -> None:
    path = "/data/spot/daily/trades/币安USDT/币安USDT-trades-2024-08-08.zip"
    host = Host({path: ZIP, f"{path}.CHECKSUM": CHECKSUM})

    assert await shelf(host).fetch(instrument("币安USDT"), DataKind.TRADES, DAY, tmp_path) is not None


@pytest.mark.parametrize(
    "window",
    [
        Window(at("2024-08-08T10:00"), at("2024-08-09T10:00")),
        Window(at("2024-08-08"), at("2024-08-10")),
        Window(at("2024-08-02"), at("2024-09-02")),
    ],
)
async def test_a_window_that_no_file_has_is_refused(window: Window, tmp_path: Path) -> None:
    with pytest.raises(InvalidRange):
        await shelf(Host({})).fetch(instrument(), DataKind.TRADES, window, tmp_path)
