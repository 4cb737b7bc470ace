"""The schema as text, as `schema.graphql` keeps it: what generators, linters and reviewers read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from graphql import GraphQLObjectType, GraphQLSchema, GraphQLUnionType

from candlewick.graphql.schema import core, schema

VALUES: Final = (
    "BarExpectation",
    "BarPlace",
    "BarSeries",
    "BacktestAccount",
    "BacktestFill",
    "BacktestStatistics",
    "BacktestTrade",
    "Candle",
    "CandleColumns",
    "CandleFloats",
    "EquityPoint",
    "Factor",
    "Freshness",
    "Gap",
    "IndicatorParameter",
    "IndicatorParameterSpec",
    "IndicatorPoint",
    "IndicatorSeries",
    "IndicatorSpec",
    "JobProgress",
    "LeftOutMarket",
    "MarketStats",
    "Mover",
    "PriceContribution",
    "PriceStep",
    "Quote",
    "RateBudget",
    "RetriedLetter",
    "RetriedLetters",
    "ServiceInfo",
    "SourceEndpoint",
    "SourceStream",
    "StrategyParameter",
    "StrategyParameterSpec",
    "StrategySpec",
    "TimeSpan",
    "Trade",
    "WatchList",
    "WatchedInstrument",
)
"""Types without an id: what is looked at through the object that has it, and never fetched by itself.

A row of a time series is found by its place in the series, and a client that kept each of them under an id would keep
as many entries as there are trades.
"""

_PAGES: Final = ("Connection", "Edge", "Payload", "Error", "Event")
"""How the names of pages and answers end."""

_TITLE: Final = "# Candlewick's GraphQL API, made by `candlewick schema`: change the code, not this text.\n"
_CLASS: Final = "  assetClass: AssetClass!\n"
_CLASS_OF_ASSET: Final = (
    "  # eslint-disable-next-line @graphql-eslint/no-typename-prefix -- the field's own term, the same everywhere\n"
)


def sdl() -> str:
    """The schema in the schema definition language, with what linters need to know of it."""
    text = schema.as_str().replace("directive @oneOf on INPUT_OBJECT\n", "").strip() + "\n"
    return f"{_TITLE}{_rules()}\n{_excused(text)}"


def _rules() -> str:
    """Where @graphql-eslint knows our types less well than we do: for its comments in the text it reads.

    Lists may be of anything: `nodes` stands beside `edges`, and a short list is a list, not a page.
    """
    edges = {"listTypeCanWrapOnlyEdgeType": False, "shouldImplementNode": False}
    exceptions = {"suffixes": _PAGES, "types": ["PageInfo", *sorted({*VALUES, *answers(core(schema))})]}
    ids = {"acceptedIdNames": ["id"], "exceptions": exceptions}
    return "".join(
        f"# eslint @graphql-eslint/{rule}: {json.dumps(['error', options])}\n"
        for rule, options in (("relay-edge-types", edges), ("strict-id-in-types", ids))
    )


def answers(of: GraphQLSchema) -> Iterable[str]:
    """Types without an id that tell of an outcome or an event: they are no objects, only said."""
    unions = [union for union in of.type_map.values() if isinstance(union, GraphQLUnionType)]
    for member in {member.name: member for union in unions for member in union.types}.values():
        if "id" not in member.fields and member.name not in VALUES:
            yield member.name


def is_page(type_: GraphQLObjectType) -> bool:
    """Whether it is a page of a list, or a row of one."""
    return type_.name == "PageInfo" or type_.name.endswith(_PAGES)


def _excused(text: str) -> str:
    """With leave for `Asset.assetClass`, which begins like its type."""
    head, asset, tail = text.partition("type Asset implements Node {")
    return head + asset + tail.replace(_CLASS, _CLASS_OF_ASSET + _CLASS, 1)
