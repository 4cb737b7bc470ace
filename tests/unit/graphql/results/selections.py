"""Queries of all shapes over the lists that the API has, for hypothesis to choose from."""

from __future__ import annotations

from hypothesis import strategies as st

from candlewick.graphql.types.node import NodeId

CANDLE = (
    "openTime", "closeTime", "open", "high", "low", "close", "volume", "quoteVolume", "vwap", "tradeCount",
    "takerBuyVolume", "status", "origin",
)  # fmt: skip
TRADE = ("sequence", "price", "size", "side", "ts", "receivedAt")
QUOTE = ("ts", "price", "bid", "ask", "marketCap", "volume24h", "change24h", "receivedAt")
INSTRUMENT = ("id", "key", "symbol", "assetClass", "active", "tape", "status", "tickSize", "lotSize")
NESTED = {"Quote": "source { code name }", "Trade": "payload { endpoint }", "Candle": "coverage"}
DECISIONS = ("", " @skip(if: $yes)", " @include(if: $no)", " @skip(if: $no)", " @include(if: true)", " @skip(if: true)")
PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
ID = NodeId("Instrument", 2)

type Texts = st.SearchStrategy[str]


@st.composite
def field(draw: st.DrawFn, name: str) -> str:
    """One field, perhaps under another name, perhaps left out."""
    alias = draw(st.sampled_from(("", "", f"other_{name}: ", f"third_{name}: ")))
    return f"{alias}{name}{draw(st.sampled_from(DECISIONS))}"


@st.composite
def plain(draw: st.DrawFn, type_: str, names: tuple[str, ...]) -> str:
    """Fields of a row, some of them in fragments."""
    parts = []
    for name in draw(st.lists(st.sampled_from((*names, "__typename")), min_size=1, max_size=9)):
        text = draw(field(name))
        where = draw(st.sampled_from(("here", "here", "here", "inline", "typed")))
        decision = draw(st.sampled_from(DECISIONS))
        parts.append(
            {"here": text, "inline": f"...{decision} {{ {text} }}"}.get(where, f"... on {type_}{decision} {{ {text} }}")
        )
    if draw(st.booleans()):
        parts.append(f"...{type_}Fields{draw(st.sampled_from(DECISIONS))}")
    if type_ in NESTED and draw(st.integers(0, 9)) == 0:
        parts.append(NESTED[type_])
    return " ".join(parts)


@st.composite
def connection(draw: st.DrawFn, type_: str, names: tuple[str, ...]) -> str:
    """What is selected of a connection."""
    row = plain(type_, names)
    nodes, others = row.map("nodes {{ {} }}".format), row.map("more: nodes {{ {} }}".format)
    edges = row.map("edges {{ cursor node {{ {} }} }}".format) | row.map(
        "edges {{ node {{ {} }} at: cursor __typename }}".format
    )
    part = st.one_of(
        nodes, nodes, edges, others, st.just("edges { cursor }"), st.just(PAGE_INFO), st.just("__typename")
    )
    return " ".join(draw(st.lists(part, min_size=1, max_size=4)))


@st.composite
def lists_of_an_instrument(draw: st.DrawFn) -> str:
    """Its connections; one of each kind, since equal names must mean equal arguments."""
    size = draw(st.sampled_from(("last: 3", "first: 2", "last: 300", "")))
    lists = {
        "candles": f"candles(spec: {{interval: H1}} {size}) {{ {draw(connection('Candle', CANDLE))} }}",
        "trades": f"trades({size or 'last: 5'}) {{ {draw(connection('Trade', TRADE))} }}",
        "quotes": f"quotes({size or 'last: 5'}) {{ {draw(connection('Quote', QUOTE))} }}",
    }
    chosen = draw(st.lists(st.sampled_from(sorted(lists)), min_size=1, max_size=3, unique=True))
    return f"id {' '.join(lists[name] for name in chosen)}"


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A whole document."""
    root = draw(
        st.one_of(
            lists_of_an_instrument().map('instrument(key: "binance:BTC-USDT") {{ {} }}'.format),
            lists_of_an_instrument().map("instruments {{ nodes {{ {} }} }}".format),
            lists_of_an_instrument().map(
                f'node(id: "{ID}") {{{{ __typename ... on Instrument {{{{ {{}} }}}} }}}}'.format
            ),
            plain("Instrument", INSTRUMENT).map("instruments {{ nodes {{ {} ... on Node {{ again: id }} }} }}".format),
            connection("Instrument", INSTRUMENT).map("instruments(first: 2) {{ {} }}".format),
        )
    )
    fragments = [
        f"fragment {type_}Fields on {type_} {{ {draw(st.sampled_from(names))} {names[0]} }}"
        for type_, names in {"Candle": CANDLE, "Trade": TRADE, "Quote": QUOTE, "Instrument": INSTRUMENT}.items()
        if f"...{type_}Fields" in root
    ]
    used = "service @skip(if: $yes) @include(if: $no) { version }"  # a variable must be
    return f"query Q($yes: Boolean!, $no: Boolean!) {{ {used} {root} }} {' '.join(fragments)}"
