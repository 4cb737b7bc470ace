"""The REST endpoints. Source: docs.kraken.com, "Market Data"."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from candlewick.domain.time import from_microseconds
from candlewick.providers.kraken.listing import TOKENIZED
from candlewick.providers.kraken.simulator import wire
from candlewick.providers.kraken.simulator.pairs import Pair, Pairs
from candlewick.providers.kraken.simulator.refusal import (
    INVALID_ARGUMENTS,
    JSON,
    UNKNOWN_METHOD,
    UNKNOWN_PAIR,
    Refusal,
    Said,
)
from candlewick.providers.simulation.candles import MINUTE, page
from candlewick.providers.simulation.day import figures
from candlewick.providers.simulation.exchange import Exchange, NotListed
from candlewick.providers.simulation.ledger import Channel, Ledger

_MOST_TRADES: Final = 1000
_MOST_CANDLES: Final = 720
_WIDTHS: Final = ("1", "5", "15", "30", "60")
"""Minutes. Kraken has wider ones, too: a page of them would be years of trades."""
_WHOLE: Final = re.compile(r"[0-9]{1,20}")
_SECOND: Final = 10**6
_NS: Final = 10**9
_LEAST_NANOSECONDS: Final = 10**12
"""What is less is seconds."""

Parameters = Mapping[str, str]
Answer = Callable[[Parameters], str]


@dataclass(frozen=True, slots=True)
class Rest:
    """Answers requests, from an exchange."""

    exchange: Exchange
    pairs: Pairs
    ledger: Ledger

    def routes(self) -> list[Route]:
        """All endpoints, and what the others answer."""
        return [
            _route("Time", self._time),
            _route("SystemStatus", self._status),
            _route("Assets", self._assets),
            _route("AssetPairs", self._asset_pairs),
            _route("Ticker", self._ticker),
            _route("OHLC", self._candles),
            _route("Trades", self._trades),
            Route("/0/{rest:path}", _unknown, methods=["GET", "POST"]),
        ]

    def _time(self, _: Parameters) -> str:
        moment = from_microseconds(self.exchange.shown_time())
        return _json({"unixtime": int(moment.timestamp()), "rfc1123": format_datetime(moment)})

    def _status(self, _: Parameters) -> str:
        moment = from_microseconds(self.exchange.shown_time())
        return _json({"status": "online", "timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}"})

    def _assets(self, _: Parameters) -> str:
        return _json(self.pairs.assets())

    def _asset_pairs(self, parameters: Parameters) -> str:
        """Of currencies, unless tokenized shares are asked for."""
        wants_shares = parameters.get("aclass_base", "currency") == TOKENIZED
        chosen = self._named(parameters) if "pair" in parameters else self.pairs.all
        return _json({pair.key: pair.described() for pair in chosen if pair.is_tokenized == wants_shares})

    def _ticker(self, parameters: Parameters) -> str:
        chosen = self._named(parameters) if "pair" in parameters else self.pairs.all
        asked = [pair for pair in chosen if _is_asked(pair, parameters)]
        if "pair" in parameters and len(asked) < len(chosen):
            raise NotListed(parameters["pair"])
        found = {pair.key: (pair.places, figures(self.exchange, pair.symbol)) for pair in asked}
        return _json({key: wire.ticker(of, places) for key, (places, of) in found.items() if of is not None})

    def _candles(self, parameters: Parameters) -> str:
        """The last 720 minutes and the running one, or those after `since`, which an answer ends with as `last`."""
        pair, interval = self._pair(parameters), parameters.get("interval", "1")
        if interval not in _WIDTHS:
            raise Refusal(INVALID_ARGUMENTS)
        width = int(interval) * MINUTE
        running = self.exchange.now() // width * width
        start = max(running - _MOST_CANDLES * width, _number(parameters, "since", 0) * _SECOND + 1)
        found = page(self.exchange, pair.symbol, width, start, None, _MOST_CANDLES + 1)
        rows = ",".join(wire.candle_row(candle, pair.places) for candle in found)
        return f'{{"{pair.key}":[{rows}],"last":{(running - width) // _SECOND}}}'

    def _trades(self, parameters: Parameters) -> str:
        """The first after `since`, else the newest; as text in `last` the nanosecond of the last one."""
        pair, limit = self._pair(parameters), min(_number(parameters, "count", _MOST_TRADES), _MOST_TRADES)
        if "since" in parameters:
            since = _number(parameters, "since", 0)
            since *= 1 if since >= _LEAST_NANOSECONDS else _NS
            first = self.exchange.first_at(pair.symbol, wire.first_after(since))
            batch = self.exchange.from_number(pair.symbol, first, limit)
        else:
            since = wire.nanosecond(self.exchange.now())
            batch = self.exchange.up_to_number(pair.symbol, self.exchange.last(pair.symbol), limit)
        self.ledger.record(Channel.REST, pair.name, batch.sequence)
        last = wire.nanosecond(int(batch.ts[-1])) if len(batch) else since
        return f'{{"{pair.key}":{wire.rows(batch, pair.places)},"last":"{last}"}}'

    def _pair(self, parameters: Parameters) -> Pair:
        """The one pair that has to be named; a tokenized share's is found only where it is said to be one."""
        if "pair" not in parameters:
            raise Refusal(INVALID_ARGUMENTS)
        pair = self.pairs.find(parameters["pair"])
        if not _is_asked(pair, parameters):
            raise NotListed(parameters["pair"])
        return pair

    def _named(self, parameters: Parameters) -> list[Pair]:
        return [self.pairs.find(name) for name in parameters["pair"].split(",")]


def _is_asked(pair: Pair, parameters: Parameters) -> bool:
    return pair.is_tokenized == (parameters.get("asset_class") == TOKENIZED)


def _number(parameters: Parameters, name: str, otherwise: int) -> int:
    text = parameters.get(name)
    if text is None:
        return otherwise
    if _WHOLE.fullmatch(text) is None:
        raise Refusal(INVALID_ARGUMENTS)
    return int(text)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _route(name: str, answer: Answer) -> Route:
    async def endpoint(request: Request) -> Response:
        result = await asyncio.to_thread(answer, request.query_params)
        return Response(f'{{"error":[],"result":{result}}}', media_type=JSON)

    return Route(f"/0/public/{name}", endpoint, methods=["GET", "POST"])


async def _unknown(_: Request) -> Response:
    return Said(UNKNOWN_METHOD)


async def refused(_: Request, exc: Exception) -> Response:
    """The answer to a request that cannot be answered."""
    return Said(exc.error if isinstance(exc, Refusal) else UNKNOWN_PAIR)
