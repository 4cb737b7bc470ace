"""CoinPaprika's answers for tests, in the shapes of its documentation, and its recordings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from candlewick.domain.market import AssetClass, AssetId, Instrument, InstrumentId, InstrumentStatus, Tape, VenueId
from candlewick.domain.raw import Payload
from candlewick.providers.coinpaprika.listing import COINPAPRIKA
from candlewick.providers.coins import Coin
from recordings import DATA, recording

FOLDER: Final = "coinpaprika/rest_recorded"
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)

FIGURES: Final[dict[str, Any]] = {
    "price": 41389.57,
    "volume_24h": 35357658696.99,
    "market_cap": 787066061422,
    "percent_change_24h": -5.25,
    "ath_price": None,
}
TICKER: Final[dict[str, Any]] = {
    "id": "btc-bitcoin",
    "name": "Bitcoin",
    "symbol": "BTC",
    "rank": 1,
    "beta_value": "",
    "last_updated": "2026-11-24T11:58:22Z",
    "quotes": {"USD": FIGURES},
}
POINT: Final[dict[str, Any]] = {
    "timestamp": "2026-11-22T00:00:00Z",
    "price": 855.53,
    "volume_24h": 1968587956,
    "market_cap": 83761787514,
}
COIN: Final[dict[str, Any]] = {
    "id": "btc-bitcoin",
    "name": "Bitcoin",
    "symbol": "BTC",
    "rank": 1,
    "is_new": False,
    "is_active": True,
    "type": "coin",
}


def recorded(name: str) -> tuple[int, Payload]:
    """The status and the answer of the recording of that name."""
    kept = json.loads(recording(f"{FOLDER}/{name}").read_bytes())
    endpoint = kept["uri"].removeprefix("https://api.coinpaprika.com")
    moment = parsedate_to_datetime(kept["recorded_at"]).astimezone(UTC)
    return kept["status"], Payload("coinpaprika", endpoint, kept["body"].encode(), moment)


def recorded_names() -> list[str]:
    """All there are, here."""
    folder = DATA / FOLDER
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def answer(endpoint: str, document: Any, received_at: datetime = NOW) -> Payload:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return Payload("coinpaprika", endpoint, body, received_at)


def instrument(coin: str = "btc-bitcoin", code: str = "BTC", currency: str = "usd") -> Instrument:
    """A coin's price in a currency."""
    listed = COINPAPRIKA.list_coin(Coin(coin, code, coin, 1, InstrumentStatus.TRADING), currency, first=True)
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
