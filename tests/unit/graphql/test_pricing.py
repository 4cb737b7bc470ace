"""`price` and `convert`: what is asked, how often, and how the answers look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from candlewick.domain.price import AssetName, PriceQuestion
from candlewick.graphql.scalars import serialize_datetime
from markets import LATER
from pricing import book, market, saw
from unit.graphql.fakes import START, FakeServices

PRICE = """query P($asset: String!, $quote: String! = "USD", $at: DateTime, $maxAge: Duration! = "P7D") {
  price(asset: $asset, quote: $quote, at: $at, maxAge: $maxAge) {
    __typename
    ... on CompositePrice {
      asset { code assetClass } quote { code } at price low high maxAge age
      contributions {
        price path ts age instrument { key } source { code name }
        steps { instrument { key } source { code } price rate direction basis ts age }
      }
      leftOut { reason price ts age instrument { key } source { code } }
    }
    ... on NoPriceKnown { message asset { code } quote { code } at maxAge leftOut { reason instrument { key } } }
    ... on UnknownAsset { message name }
  }
}"""
CONVERT = """query C($amount: Decimal!, $from: String!, $to: String!) {
  convert(amount: $amount, from: $from, to: $to) {
    __typename
    ... on Conversion {
      amount from { code } to { code } result rate at age maxAge
      path { instrument { key } rate direction ts } leftOut { reason instrument { key } }
    }
    ... on NoPriceKnown { message leftOut { reason } }
    ... on UnknownAsset { message name }
  }
}"""


@pytest.fixture
def services() -> FakeServices:
    known = FakeServices()
    markets = [
        market("kraken:BTC-USD", saw("60000.10", source="binance")),
        market("coinbase:BTC-USD", saw("60000.30", timedelta(seconds=5), source="coinbase")),
        market("old:BTC-USD", saw("1", timedelta(days=2), source="old")),
        market("silent:BTC-USD"),
    ]
    books = [
        book("BTC", "USD", markets),
        book("USD", "EUR", [market("ecb:EUR-USD", saw("3", source="ecb"))]),
        book("ETH", "USD", []),
        book("BTC", "BTC", []),
    ]
    known.pricing.rows = {(each.asset.code, each.quote.code): each for each in books}
    return known


async def test_a_price_says_how_it_came_about(ask: Any) -> None:
    found = (await ask(PRICE, asset="BTC"))["data"]["price"]
    seen = serialize_datetime(LATER - timedelta(seconds=1))
    step = {
        "instrument": {"key": "kraken:BTC-USD"}, "source": {"code": "binance"}, "price": "60000.10",
        "rate": "60000.1", "direction": "DIRECT", "basis": "TRADE", "ts": seen, "age": 1.0,
    }  # fmt: skip
    assert found["contributions"][0] == {
        "price": "60000.1", "path": "DIRECT", "ts": seen, "age": 1.0, "instrument": {"key": "kraken:BTC-USD"},
        "source": {"code": "binance", "name": "Binance"}, "steps": [step],
    }  # fmt: skip
    assert [each["instrument"]["key"] for each in found["contributions"]] == ["kraken:BTC-USD", "coinbase:BTC-USD"]
    assert {key: found[key] for key in ("asset", "quote", "at", "price", "low", "high", "maxAge", "age")} == {
        "asset": {"code": "BTC", "assetClass": "CRYPTO"}, "quote": {"code": "USD"}, "at": serialize_datetime(LATER),
        "price": "60000.2", "low": "60000.1", "high": "60000.3", "maxAge": "PT15M", "age": 5.0,
    }  # fmt: skip
    assert found["leftOut"] == [
        {
            "reason": "STALE", "price": "1", "ts": serialize_datetime(LATER - timedelta(days=2)), "age": 172800.0,
            "instrument": {"key": "old:BTC-USD"}, "source": {"code": "old"},
        },
        {
            "reason": "NO_PRICE", "price": None, "ts": None, "age": None, "instrument": {"key": "silent:BTC-USD"},
            "source": None,
        },
    ]  # fmt: skip


async def test_an_asset_in_itself_costs_one(ask: Any) -> None:
    found = (await ask(PRICE, asset="BTC", quote="BTC"))["data"]["price"]
    assert (found["price"], found["age"], found["contributions"]) == ("1", None, [])


async def test_what_nobody_knows_is_no_error(ask: Any) -> None:
    found = (await ask(PRICE, asset="ETH"))["data"]["price"]
    assert found["__typename"] == "NoPriceKnown"
    assert found["message"].startswith(
        "no market says what ETH cost in USD within P7D before 2026-01-01T00:00:00+00:00"
    )
    assert (found["maxAge"], found["leftOut"]) == ("P7D", [])


async def test_an_unknown_asset_is_no_error_either(ask: Any) -> None:
    for query, variables in ((PRICE, {"asset": "XYZ"}), (CONVERT, {"amount": "1", "from": "XYZ", "to": "USD"})):
        [found] = (await ask(query, **variables))["data"].values()
        assert (found["__typename"], found["name"]) == ("UnknownAsset", "XYZ")
        assert "there is no asset 'XYZ'" in found["message"]


async def test_a_conversion_says_which_way_it_went(ask: Any) -> None:
    found = (await ask(CONVERT, amount="1", **{"from": "USD"}, to="EUR"))["data"]["convert"]
    assert found == {
        "__typename": "Conversion", "amount": "1", "from": {"code": "USD"}, "to": {"code": "EUR"},
        "result": "0." + "3" * 36, "rate": "0." + "3" * 36, "at": serialize_datetime(LATER), "age": 1.0,
        "maxAge": "PT15M", "leftOut": [],
        "path": [
            {
                "instrument": {"key": "ecb:EUR-USD"}, "rate": "0." + "3" * 36, "direction": "INVERSE",
                "ts": serialize_datetime(LATER - timedelta(seconds=1)),
            }
        ],
    }  # fmt: skip


LARGE = "123456789012345678901234567890.000000000000000001"


@pytest.mark.parametrize(
    ("amount", "result"),
    [("0", "0"), ("-1.5", "-4.5"), (2, "6"), (LARGE, "370370367037037036703703703670.000000000000000003")],
)
async def test_amounts_are_converted_exactly(ask: Any, services: FakeServices, amount: object, result: str) -> None:
    services.pricing.rows["EUR", "USD"] = book("EUR", "USD", [market("ecb:EUR-USD", saw("3"))])
    found = (await ask(CONVERT, amount=amount, **{"from": "EUR"}, to="USD"))["data"]["convert"]
    assert found["result"] == result


async def test_a_conversion_that_nobody_knows_says_so(ask: Any) -> None:
    found = (await ask(CONVERT, amount="1", **{"from": "ETH"}, to="USD"))["data"]["convert"]
    assert found["__typename"] == "NoPriceKnown"


async def test_all_prices_of_an_operation_are_asked_for_at_once(ask: Any, services: FakeServices) -> None:
    answer = await ask("""{
      a: price(asset: "BTC") { __typename } b: price(asset: "ETH") { __typename }
      c: convert(amount: 1, from: "USD", to: "EUR", maxAge: "P2M") { __typename }
      d: convert(amount: 2, from: "CRYPTO:BTC", to: "USD", at: "2024-08-07T00:00:00Z") { __typename }
      e: convert(amount: 5, from: "BTC", to: "USD") { __typename }
    }""")
    assert "errors" not in answer
    [(name, (questions,))] = services.pricing.calls
    assert name == "books"
    usd = AssetName("USD")
    assert questions[:3] == (
        PriceQuestion(AssetName("BTC"), usd),
        PriceQuestion(AssetName("ETH"), usd),
        PriceQuestion(usd, AssetName("EUR"), max_age=timedelta(days=62)),
    )
    assert (len(questions), str(questions[3].asset), questions[3].at) == (4, "CRYPTO:BTC", START - timedelta(days=1))


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"asset": ""}, "`asset` needs 1 to 100 characters"),
        ({"asset": "BTC", "quote": "a\x00"}, "`quote` has a NUL"),
        ({"asset": "STOCK:BTC"}, "is no asset's name"),
        ({"asset": "BTC", "at": "2031-01-01T00:00:00Z"}, "is still to come"),
        ({"asset": "BTC", "maxAge": "P0D"}, "is no duration"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_a_reason(ask: Any, variables: dict[str, str], words: str) -> None:
    [error] = (await ask(PRICE, **variables))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert words in error["message"]


async def test_prices_count_as_the_rows_that_they_may_read(ask: Any) -> None:
    pages = " ".join(f"t{n}: trades(last: 5000) {{ nodes {{ price }} }}" for n in range(5))
    lists = f'i: instrument(key: "binance:BTC-USDT") {{ {pages} }}'
    assert "errors" not in await ask(f"{{ {lists} }}")
    answer = await ask(f'{{ {lists} p: price(asset: "BTC") {{ __typename }} }}')
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_EXCEEDED"}
