"""`candlewick price` and `candlewick convert`: what an asset costs, and what an amount is in another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from candlewick.cli.backfilling import moment_of
from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.errors import CandlewickError, InvalidAssetName, InvalidDuration
from candlewick.domain.fraction import rounded
from candlewick.domain.interval import Duration
from candlewick.domain.paths import age_of
from candlewick.domain.price import AssetName, LeftOut, PriceBook, PriceQuestion, Step
from candlewick.domain.pricing import composite, conversion

if TYPE_CHECKING:
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses

_AMOUNT: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def name_of(text: str) -> AssetName:
    """Read an asset's name as one types it."""
    try:
        return AssetName.parse(text)
    except InvalidAssetName as error:
        raise typer.BadParameter(str(error)) from error


def amount_of(text: str) -> Decimal:
    """An exact number, as one types it."""
    if not _AMOUNT.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no amount: write for example 1.5, with up to 30 digits on each side")
    return Decimal(text)


def age_limit(text: str) -> timedelta:
    """A span of time in ISO 8601."""
    try:
        span = Duration.parse(text).span
    except InvalidDuration as error:
        raise typer.BadParameter(str(error)) from error
    if not span:
        raise typer.BadParameter("months differ in length: write days, for example P30D")
    return span


Priced = Annotated[AssetName, typer.Argument(metavar="ASSET", parser=name_of, help="BTC, or EQUITY:BTC.")]
In = Annotated[AssetName, typer.Option("--quote", metavar="ASSET", parser=name_of, help="What the price is in.")]
Amount = Annotated[Decimal, typer.Argument(metavar="AMOUNT", parser=amount_of, help="How much, exactly.")]
From = Annotated[AssetName, typer.Argument(metavar="FROM", parser=name_of, help="What it is an amount of.")]
To = Annotated[AssetName, typer.Argument(metavar="TO", parser=name_of, help="What to convert it into.")]
At = Annotated[
    datetime | None,
    typer.Option("--at", metavar="TIME", parser=moment_of, help="What was known then (UTC); now without it."),
]
MaxAge = Annotated[
    timedelta, typer.Option("--max-age", metavar="SPAN", parser=age_limit, help="Nothing older counts: PT1H, P7D.")
]


def price(
    ctx: typer.Context,
    asset: Priced,
    quote: In = "USD",  # type: ignore[assignment] # typer parses defaults too
    at: At = None,
    max_age: MaxAge = "P7D",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Say what an asset costs: the median of what its markets say, and which have no part in it.

    A price is a market's own, its inverse, or leads through another asset (USD, EUR, USDT, USDC, BTC); a stablecoin
    is worth what its own market says. The exit code is 1 if nobody knows the price.

    \b
    Examples:
      candlewick price BTC
      candlewick price BTC --quote EUR --at 2024-08-08T12:00Z
    """
    book = _book(ctx, PriceQuestion(asset, quote, at, max_age))
    found = composite(book)
    cost = None if found.price is None else rounded(found.price)
    if as_json:
        contributions = [
            {"price": rounded(path.rate), "path": path.kind.lower(), "steps": _steps(book, path.steps)}
            for path in found.contributions
        ]
        write_json({**_head(book, found.limit), "price": cost, "contributions": contributions} | _left(found.left_out))
    elif cost is not None:
        say(f"1 {book.asset.code} = {cost:f} {book.quote.code}")
        write_table(
            ("market", "source", "price", "path", "age"),
            [
                (
                    path.steps[0].instrument.key,
                    path.steps[0].seen.source,
                    f"{rounded(path.rate):f}",
                    " · ".join(str(step.instrument.key) for step in path.steps[1:]) or path.kind.lower(),
                    _age(book, path.ts),
                )
                for path in found.contributions
            ],
        )
    _end(book, found.left_out, known=cost is not None, as_json=as_json)


def convert(
    ctx: typer.Context,
    amount: Amount,
    source: From,
    target: To,
    at: At = None,
    max_age: MaxAge = "P7D",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Say what an amount of one asset is in another, exactly, and by which markets.

    The shortest way is taken, of equally short ones the freshest, then the one where most is traded. Behind `--` an
    amount may be below zero. The exit code is 1 if nobody knows.

    \b
    Examples:
      candlewick convert 1.5 BTC EUR
      candlewick convert 100 GBP SEK --at 2024-08-08 --json
    """
    book = _book(ctx, PriceQuestion(source, target, at, max_age))
    found = conversion(book, amount)
    result = None if found.result is None else rounded(found.result)
    if as_json:
        rate = None if found.rate is None else rounded(found.rate)
        head = {**_head(book, found.limit), "amount": amount, "result": result, "rate": rate}
        write_json(head | {"steps": _steps(book, found.steps)} | _left(found.left_out))
    elif result is not None:
        say(f"{amount:f} {book.asset.code} = {result:f} {book.quote.code}")
        steps = [
            (step.instrument.key, step.seen.source, f"{rounded(step.rate):f}", _age(book, step.seen.ts))
            for step in found.steps
        ]
        write_table(("market", "source", "rate", "age"), steps)
    _end(book, found.left_out, known=result is not None, as_json=as_json)


def _book(ctx: typer.Context, question: PriceQuestion) -> PriceBook:
    from candlewick.wiring import addresses

    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        return run(_known(settings, where, question))


async def _known(settings: Settings, where: Addresses, question: PriceQuestion) -> PriceBook:
    from candlewick.wiring import open_stores

    async with open_stores(settings, where, "price") as stores:
        [found] = await stores.pricing.books([question])
    if isinstance(found, CandlewickError):
        raise found
    return found


def _end(book: PriceBook, left_out: Sequence[LeftOut], *, known: bool, as_json: bool) -> None:
    """Say what has no part in it; leave with 1 if nothing has."""
    if left_out and not as_json:
        say()
        rows = [
            (
                each.instrument.key,
                each.seen and each.seen.source,
                each.reason.lower().replace("_", " "),
                each.seen and _age(book, each.seen.ts),
            )
            for each in left_out
        ]
        write_table(("left out", "source", "why", "age"), rows)
    if not known:
        typer.echo(f"candlewick: nobody knows what {book.asset.code} cost in {book.quote.code} then", err=True)
        raise typer.Exit(ExitCode.FAILED)


def _age(book: PriceBook, ts: datetime) -> str:
    return str(timedelta(seconds=round(age_of(book, ts).total_seconds())))


def _head(book: PriceBook, limit: timedelta) -> dict[str, Any]:
    return {
        "asset": book.asset.code,
        "quote": book.quote.code,
        "at": book.at,
        "max_age_seconds": limit.total_seconds(),
    }


def _steps(book: PriceBook, steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
        {
            "instrument": str(step.instrument.key),
            "source": step.seen.source,
            "price": step.seen.price,
            "rate": rounded(step.rate),
            "inverse": step.inverse,
            "basis": step.seen.basis.lower(),
            "ts": step.seen.ts,
            "age_seconds": age_of(book, step.seen.ts).total_seconds(),
        }
        for step in steps
    ]


def _left(left_out: Sequence[LeftOut]) -> dict[str, Any]:
    return {
        "left_out": [
            {
                "instrument": str(each.instrument.key),
                "source": each.seen and each.seen.source,
                "reason": each.reason.lower(),
                "price": each.seen and each.seen.price,
                "ts": each.seen and each.seen.ts,
            }
            for each in left_out
        ]
    }
