"""Indicators: what there is to ask for, how it is asked, and the values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Self, cast

import strawberry

from candlewick.domain import indicator
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorLine, IndicatorPage
from candlewick.domain.kept import KeptPoint
from candlewick.domain.time import from_microseconds
from candlewick.graphql.faults import RepeatedParameter, TooMany
from candlewick.graphql.limits import MAX_PARAMETERS
from candlewick.graphql.types.enums import Memory
from candlewick.indicators.catalogue import indicator as spec_of


@strawberry.type(description="A parameter that an indicator has.")
class IndicatorParameterSpec:
    """Resolved from the domain's as it is."""

    name: str = strawberry.field(description="What it is called.")
    default: float = strawberry.field(description="What it is if it is not given.")
    least: float = strawberry.field(description="The least that it may be.")
    most: float = strawberry.field(description="The most that it may be.")
    whole: bool = strawberry.field(description="Whether it is a whole number.")
    description: str = strawberry.field(description="What it does.")


@strawberry.type(description="An indicator of the catalogue: what it is, and how exactly it is computed.")
class IndicatorSpec:
    """A view of the domain's."""

    row: strawberry.Private[indicator.IndicatorSpec]
    name: str = strawberry.field(description="What it is asked for by.")
    title: str = strawberry.field(description="What people call it.")
    inputs: list[str] = strawberry.field(description="What of the candles it takes.")
    outputs: list[str] = strawberry.field(description="What it says, in the order in which values come.")
    first_value: int = strawberry.field(
        description="Candles that the first value takes, with the defaults of the parameters."
    )
    lookback: int = strawberry.field(
        description="Candles until a value is stable, with the defaults: with more of them it would be the same."
    )
    memory: Memory = strawberry.field(description="How much of the past a value depends on.")
    seed: str = strawberry.field(description="How its recursion begins, and where other programs begin otherwise.")
    source: str = strawberry.field(description="Where the formula is from.")
    promise: str = strawberry.field(
        description="How near values of candles that come one by one are to those of all candles at once."
    )

    @classmethod
    def of(cls, row: indicator.IndicatorSpec) -> Self:
        defaults = row.complete({})
        return cls(
            row=row,
            name=row.name,
            title=row.title,
            inputs=list(row.inputs),
            outputs=list(row.outputs),
            first_value=row.first(defaults),
            lookback=row.lookback(defaults),
            memory=row.memory,
            seed=row.seed,
            source=row.source,
            promise=row.promise,
        )

    @strawberry.field(description="What can be set.")
    def parameters(self) -> list[IndicatorParameterSpec]:
        return list(self.row.parameters)  # type: ignore[arg-type]  # the names are the same


@strawberry.input(description="A parameter of an indicator.")
class IndicatorParameterInput:
    """Checked with its indicator."""

    name: str = strawberry.field(description="As the catalogue names it.")
    value: float = strawberry.field(description="Within the bounds that the catalogue says.")


@strawberry.input(description="An indicator to compute; parameters that are left out have their defaults.")
class IndicatorInput:
    """At the edge; inside it is the domain's choice."""

    name: str = strawberry.field(description="As the catalogue names it, such as rsi.")
    parameters: list[IndicatorParameterInput] = strawberry.field(default_factory=list, description="Each at most once.")

    @property
    def choice(self) -> IndicatorChoice:
        """The same for the domain.

        Raises:
            UnknownIndicator, UnknownParameter, InvalidParameter: what is wrong and what there is.
            RepeatedParameter: one is given twice.
        """
        spec = spec_of(self.name)
        if len(self.parameters) > MAX_PARAMETERS:
            raise TooMany("parameters", len(self.parameters), MAX_PARAMETERS)
        given: dict[str, float] = {}
        for each in self.parameters:
            if each.name in given:
                raise RepeatedParameter(spec.name, each.name)
            given[each.name] = each.value
        return IndicatorChoice.of(spec, given)


@strawberry.type(description="A parameter with the value that it had.")
class IndicatorParameter:
    """As it was given, or the default."""

    name: str = strawberry.field(description="As the catalogue names it.")
    value: float = strawberry.field(description="What it was.")


@strawberry.type(description="What an indicator says of one candle.")
class IndicatorPoint:
    """Resolved from the domain's points as they are: the names are the same."""

    open_time: datetime = strawberry.field(description="Where the candle's window starts.")
    values: list[float | None] = strawberry.field(
        description="In the order of the outputs; null where there is no value."
    )
    stable: bool = strawberry.field(
        description="Whether they would be the same with more candles before; false in the warm-up."
    )


@strawberry.type(description="An indicator's values, a point for each candle, in order of time.")
class IndicatorSeries:
    """One line of the domain's page."""

    name: str = strawberry.field(description="Which indicator.")
    parameters: list[IndicatorParameter] = strawberry.field(description="All of its parameters.")
    outputs: list[str] = strawberry.field(description="What its values are.")
    points: list[IndicatorPoint] = strawberry.field(description="One a candle; the same candles in each series.")


def series_of(choices: tuple[IndicatorChoice, ...], page: IndicatorPage) -> list[IndicatorSeries]:
    """The page as the API has it: the times are made once for all series."""
    times = [from_microseconds(opened) for opened in page.open_times]
    pairs = zip(choices, page.lines, strict=True)
    return [kept_series(choice, list(_points(times, line))) for choice, line in pairs]


def kept_series(choice: IndicatorChoice, points: Sequence[KeptPoint]) -> IndicatorSeries:
    """Some points of a series that is kept."""
    return IndicatorSeries(
        name=choice.name,
        parameters=[IndicatorParameter(name=name, value=value) for name, value in choice.parameters],
        outputs=list(spec_of(choice.name).outputs),
        points=cast("list[IndicatorPoint]", points),
    )


def _points(times: Sequence[datetime], line: IndicatorLine) -> Iterator[KeptPoint]:
    for position, (opened, *values) in enumerate(zip(times, *line.outputs, strict=True)):
        yield KeptPoint(opened, values, position >= line.stable_from)


Of = Annotated[list[IndicatorInput], strawberry.argument(description="Which indicators: 1 to 20.")]
