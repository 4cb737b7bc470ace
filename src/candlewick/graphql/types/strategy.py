"""Strategies: what there is to be backtested, and how one is chosen."""

from __future__ import annotations

from typing import Self

import strawberry

from candlewick.backtest.strategy import Strategy
from candlewick.domain.backtest import StrategyChoice
from candlewick.domain.errors import InvalidBacktest
from candlewick.graphql.text import clean


@strawberry.type(description="A parameter that a strategy has.")
class StrategyParameterSpec:
    """Resolved from the domain's as it is."""

    name: str = strawberry.field(description="What it is called.")
    default: float = strawberry.field(description="What it is if it is not given.")
    least: float = strawberry.field(description="The least that it may be.")
    most: float = strawberry.field(description="The most that it may be.")
    whole: bool = strawberry.field(description="Whether it is a whole number.")
    description: str = strawberry.field(description="What it does.")


@strawberry.type(description="A strategy that can be backtested.")
class StrategySpec:
    """A view of ours."""

    row: strawberry.Private[Strategy]
    name: str = strawberry.field(description="What it is asked for by.")
    title: str = strawberry.field(description="What people call it.")
    description: str = strawberry.field(description="When it is long, and when short.")
    lookback: int = strawberry.field(
        description="Candles until it can decide, with the defaults of its parameters: so many are read before a range."
    )
    indicators: list[str] = strawberry.field(description="The indicators of the catalogue that it looks at.")

    @classmethod
    def of(cls, row: Strategy) -> Self:
        defaults = row.complete({})
        return cls(
            row=row,
            name=row.name,
            title=row.title,
            description=row.description,
            lookback=row.lookback(defaults),
            indicators=sorted({use.name for use in row.uses(defaults).values()}),
        )

    @strawberry.field(description="What can be set.")
    def parameters(self) -> list[StrategyParameterSpec]:
        return list(self.row.parameters)  # type: ignore[arg-type]  # the names are the same


@strawberry.input(description="A parameter of a strategy.")
class StrategyParameterInput:
    """Checked with its strategy."""

    name: str = strawberry.field(description="As `strategyCatalogue` names it.")
    value: float = strawberry.field(description="Within the bounds that the catalogue says.")


@strawberry.input(description="A strategy; parameters that are left out have their defaults.")
class StrategyInput:
    """At the edge; inside it is the domain's choice."""

    name: str = strawberry.field(description="As `strategyCatalogue` names it, such as sma_cross.")
    parameters: list[StrategyParameterInput] = strawberry.field(default_factory=list, description="Each at most once.")

    @property
    def choice(self) -> StrategyChoice:
        """Raises InvalidBacktest: a parameter is given twice."""
        given: dict[str, float] = {}
        for each in self.parameters:
            if each.name in given:
                raise InvalidBacktest("strategy.parameters", f"names {each.name[:64]!r} twice")
            given[each.name] = each.value
        return StrategyChoice(str(clean(self.name, "strategy.name")), given)


@strawberry.type(description="A parameter with the value that it had.")
class StrategyParameter:
    """As it was given, or the default."""

    name: str = strawberry.field(description="As the catalogue names it.")
    value: float = strawberry.field(description="What it was.")
