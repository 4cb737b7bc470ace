"""What `exchangeInfo` says: the limits, and every symbol with its assets, its status, its tick and its lot."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from candlewick.domain.batch import DecimalColumn
from candlewick.domain.market import InstrumentStatus
from candlewick.providers.binance.simulator import refusal
from candlewick.providers.binance.simulator.parameters import Parameters
from candlewick.providers.binance.simulator.wire import TimeUnit
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.figures import texts

PARAMETERS: Final = ("symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus")
_STATUS: Final = {InstrumentStatus.HALTED: "HALT", InstrumentStatus.DELISTED: "BREAK"}
_KNOWN_STATUS: Final = frozenset({"TRADING", "HALT", "BREAK", "CANCEL_ONLY"})
_ORDER_TYPES: Final = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
_ANY: Final = Decimal("0.00000001")


def exchange_info(exchange: Exchange, parameters: Parameters, unit: TimeUnit, weight_per_minute: int) -> bytes:
    """The answer."""
    symbols = _chosen(exchange, parameters)
    answer = {
        "timezone": "UTC",
        "serverTime": unit.of(exchange.shown_time()),
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, weight_per_minute),
            _limit("ORDERS", "SECOND", 10, 100),
            _limit("ORDERS", "DAY", 1, 200_000),
            _limit("RAW_REQUESTS", "MINUTE", 5, 61_000),
        ],
        "exchangeFilters": [],
        "symbols": [_described(symbol) for symbol in symbols],
    }
    return orjson.dumps(answer)


def _chosen(exchange: Exchange, parameters: Parameters) -> Sequence[Symbol]:
    if len({"symbol", "symbols", "permissions"} & parameters.given.keys()) > 1:
        raise refusal.bad_combination()
    if "symbol" in parameters:
        return [exchange.symbol(parameters.symbol())]
    if "symbols" in parameters:
        return [exchange.symbol(name) for name in dict.fromkeys(parameters.symbols())]
    status = parameters.given.get("symbolStatus")
    if status is not None and status not in _KNOWN_STATUS:
        raise refusal.invalid_symbol_status()
    return [symbol for symbol in exchange.symbols.values() if status in {None, _status(symbol)}]


def _status(symbol: Symbol) -> str:
    return "TRADING" if symbol.is_trading else _STATUS[symbol.listing.status or InstrumentStatus.HALTED]


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _described(symbol: Symbol) -> dict[str, Any]:
    return {
        "symbol": symbol.name,
        "status": _status(symbol),
        "baseAsset": symbol.listing.key.base,
        "baseAssetPrecision": 8,
        "quoteAsset": symbol.listing.key.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": _ORDER_TYPES,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(symbol),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _filters(symbol: Symbol) -> list[dict[str, Any]]:
    tick, lot = (
        texts(DecimalColumn.of([size or _ANY]))[0] for size in (symbol.listing.tick_size, symbol.listing.lot_size)
    )
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000.00000000", "stepSize": lot},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    ]
