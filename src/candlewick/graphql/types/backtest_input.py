"""What is asked of a backtest."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from candlewick.domain import backtest
from candlewick.domain.backtest import AccountRules, BacktestRequest, SizingKind
from candlewick.graphql.types.candle import BarSpec
from candlewick.graphql.types.enums import Adjustment, AtEnd, CandleOrigin, Direction, FillAt
from candlewick.graphql.types.range import TimeRange
from candlewick.graphql.types.strategy import StrategyInput
from candlewick.graphql.watched import parse_keys

_USUAL = AccountRules()


@strawberry.input(one_of=True, description="How large a position is made. It never costs more than the equity.")
class SizingInput:
    """Exactly one of the three, which the schema sees to."""

    fraction: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="This part of the equity, above 0 and at most 1, fee included."
    )
    cash: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="This much of the quote asset, fee included."
    )
    quantity: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="This much of the base asset; of what is adjusted for splits, in units of today.",
    )

    @property
    def sizing(self) -> backtest.Sizing:
        """Raises InvalidBacktest: it is out of bounds."""
        for kind, amount in (
            (SizingKind.FRACTION, self.fraction),
            (SizingKind.CASH, self.cash),
            (SizingKind.QUANTITY, self.quantity),
        ):
            if isinstance(amount, Decimal):
                return backtest.Sizing(kind, amount)
        return backtest.Sizing()


@strawberry.input(description="What an account begins with, what a trade costs, and what is held when.")
class AccountInput:
    """At the edge; inside it is the domain's rules."""

    capital: Decimal = strawberry.field(default=_USUAL.capital, description="Cash at the beginning, of each run.")
    fee: Decimal = strawberry.field(default=_USUAL.fee, description="Of the value that is traded, each time; 0 to 0.5.")
    slippage: Decimal = strawberry.field(
        default=_USUAL.slippage,
        description="What a buy pays more, and a sale gets less, than the candle's price: a part of it; 0 to 0.5.",
    )
    sizing: SizingInput | None = strawberry.field(
        default=None, description="How large a position is made; all of the equity if left out."
    )
    direction: Direction = strawberry.field(default=Direction.LONG_ONLY, description="What may be held.")
    fill: FillAt = strawberry.field(default=FillAt.NEXT_OPEN, description="Where orders are filled.")
    at_end: AtEnd = strawberry.field(
        default=AtEnd.CLOSE, description="What becomes of a position that is open when the last candle closes."
    )
    lot: Decimal = strawberry.field(
        default=_USUAL.lot, description="Quantities are whole multiples of it, rounded down; 1 for whole shares."
    )

    @property
    def rules(self) -> AccountRules:
        """Raises InvalidBacktest: something is out of bounds."""
        sizing = self.sizing.sizing if self.sizing else backtest.Sizing()
        return AccountRules(
            self.capital, self.fee, self.slippage, sizing, self.direction, self.fill, self.at_end, self.lot
        )


@strawberry.input(description="Which strategy to try, on what, and with which account.")
class BacktestInput:
    """At the edge; inside it is the domain's request."""

    instruments: list[str] = strawberry.field(
        description="Keys, such as binance:BTC-USDT; 1 to 100, each run alone with a capital of its own."
    )
    spec: BarSpec = strawberry.field(description="The candles that it trades on.")
    range_: TimeRange = strawberry.field(
        name="range", description="The candles' open times; those before it are read as far as indicators look back."
    )
    strategy: StrategyInput = strawberry.field(description="What decides.")
    account: AccountInput = strawberry.field(default_factory=AccountInput, description="What it trades with.")
    origin: CandleOrigin = strawberry.field(default=CandleOrigin.AUTO, description="What the candles are made from.")
    adjust: Adjustment = strawberry.field(
        default=Adjustment.SPLITS,
        description=(
            "What prices are adjusted for, in what is decided and in what is paid. What has no splits is as it is. "
            "ALL puts dividends into the instrument again."
        ),
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of yours, 1 to 100 characters: the same request with it again is the same job.",
    )

    @property
    def request(self) -> BacktestRequest:
        """Raises InvalidInput: its subclass says what is wrong."""
        return BacktestRequest(
            instruments=parse_keys(self.instruments),
            bar=self.spec.bar,
            window=self.range_.window,
            strategy=self.strategy.choice,
            rules=self.account.rules,
            origin=self.origin.wanted,
            adjustment=self.adjust,
        )
