"""CoinGecko's answers for tests, in the shapes of its documentation, and its recordings."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import orjson

from candlewick.domain.market import AssetClass, AssetId, Instrument, InstrumentId, InstrumentStatus, Tape, VenueId
from candlewick.domain.raw import Payload
from candlewick.providers.coingecko.listing import COINGECKO
from candlewick.providers.coins import Coin
from recordings import DATA, recording

FOLDER: Final = "coingecko/rest_recorded"
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
UPDATED: Final = 1_795_521_590
"""Ten seconds before, in seconds."""

COIN: Final[dict[str, Any]] = {
    "id": "bitcoin",
    "symbol": "btc",
    "name": "Bitcoin",
    "current_price": 49053,
    "market_cap": 917825524991,
    "market_cap_rank": 1,
    "total_volume": 61679663434,
    "price_change_percentage_24h": -4.37931,
    "circulating_supply": 18710831.0,
    "max_supply": None,
    "roi": None,
    "last_updated": "2021-05-15T15:59:43.867Z",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """An answer as it came, and when."""

    endpoint: str
    status: int
    body: bytes
    received_at: datetime

    @property
    def payload(self) -> Payload:
        return Payload("coingecko", self.endpoint, self.body, self.received_at)


def recorded(name: str) -> Recording:
    """The recording of that name."""
    return opened(recording(f"{FOLDER}/{name}"))


def recorded_names() -> list[str]:
    """All there are, here."""
    folder = DATA / FOLDER
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def opened(path: Path) -> Recording:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    kept = json.loads(raw)
    path_and_query = kept["uri"].removeprefix("https://api.coingecko.com")
    moment = parsedate_to_datetime(kept["recorded_at"]).astimezone(UTC)
    return Recording(path_and_query, kept["status"], kept["body"].encode(), moment)


def texts(body: bytes) -> Any:
    """The document, its numbers as they are written."""
    return json.loads(body, parse_float=str, parse_int=str)


def answer(endpoint: str, document: Any, received_at: datetime = NOW) -> Payload:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return Payload("coingecko", endpoint, body, received_at)


def instrument(coin: str = "bitcoin", code: str = "BTC", currency: str = "usd") -> Instrument:
    """A coin's price in a currency."""
    listed = COINGECKO.list_coin(Coin(coin, code, coin, 1, InstrumentStatus.TRADING), currency, first=True)
    return Instrument(
        id=InstrumentId(1),
        key=listed.key,
        symbol=listed.symbol,
        venue_id=VenueId(1),
        base_id=AssetId(1),
        quote_id=AssetId(2),
        asset_class=AssetClass.CRYPTO,
        tape=Tape.TRADES,
        status=InstrumentStatus.TRADING,
    )
