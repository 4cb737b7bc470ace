"""The enums of the schema: the domain's own, with a description of each value. Take them from here, not from there."""

from __future__ import annotations

from enum import Enum, StrEnum

import strawberry

from candlewick.domain import candle
from candlewick.domain.backtest import AtEnd, Direction, ExitReason, FillAt
from candlewick.domain.bar import BarMeasure, BarRule
from candlewick.domain.candle import CandleStatus
from candlewick.domain.coverage import Coverage
from candlewick.domain.day import Adjustment
from candlewick.domain.gap import GapEvidence, GapState
from candlewick.domain.indicator import Memory
from candlewick.domain.interval import Interval
from candlewick.domain.job import JobKind, JobStatus
from candlewick.domain.letter import RetryResult
from candlewick.domain.market import AssetClass, DataKind, InstrumentStatus, Side, Tape
from candlewick.domain.movers import MoverRank
from candlewick.domain.page import Fill
from candlewick.domain.price import LeftOutReason, PriceBasis, PricePath
from candlewick.domain.raw import LetterKind
from candlewick.domain.service import DatabaseEdition
from candlewick.domain.source import CircuitState, SourceCapability, SourceState

__all__ = [
    "Adjustment",
    "AssetClass",
    "AtEnd",
    "BarMeasure",
    "BarRule",
    "CandleOrigin",
    "CandleStatus",
    "CircuitState",
    "Coverage",
    "DataKind",
    "DatabaseEdition",
    "Direction",
    "ExitReason",
    "Fill",
    "FillAt",
    "GapEvidence",
    "GapState",
    "InstrumentStatus",
    "Interval",
    "JobKind",
    "JobStatus",
    "LeftOutReason",
    "LetterKind",
    "Memory",
    "MoverRank",
    "PriceBasis",
    "PricePath",
    "RateDirection",
    "RetryResult",
    "Side",
    "SourceCapability",
    "SourceState",
    "Tape",
]


def _describe[E: Enum](cls: type[E], description: str, **values: str) -> None:
    strawberry.enum(cls, description=description)
    for value in cls.__strawberry_definition__.values:  # type: ignore[attr-defined] # set by strawberry.enum
        value.description = values[value.name]


class RateDirection(StrEnum):
    """How a rate comes from a market's price."""

    DIRECT = "DIRECT"
    INVERSE = "INVERSE"


class CandleOrigin(StrEnum):
    """What a candle may be asked to be made from: the domain's origins, and AUTO."""

    AUTO = "AUTO"
    TRADES = "TRADES"
    VENUE = "VENUE"
    QUOTES = "QUOTES"

    @property
    def wanted(self) -> candle.CandleOrigin | None:
        """As the stores are asked; None leaves the choice to them."""
        return None if self is CandleOrigin.AUTO else candle.CandleOrigin(self.value)


_describe(
    CandleOrigin,
    "What a candle is made from.",
    AUTO="For each candle: trades where they are complete, else the venue's own, else quotes. Only to ask with.",
    TRADES="Our own sums over stored trades.",
    VENUE="As the venue published it.",
    QUOTES="From price observations without executions; such a candle has no volume.",
)
_describe(
    Adjustment,
    "What raw candles are made comparable with today's for, by the factors of their instrument.",
    NONE="As they were.",
    SPLITS="For splits: prices are multiplied by the split factor, volumes divided by it.",
    ALL="For splits and dividends: prices are multiplied by the price factor too.",
)
_describe(
    Memory,
    "How much of the past an indicator's value depends on.",
    FINITE="On as many candles as its lookback.",
    FADING="On all of it, but on what is older than its lookback by less than 1e-9 of the value.",
    WHOLE="On all of it, from the first candle on.",
)
_describe(
    CandleStatus,
    "Whether a candle can still change.",
    PROVISIONAL="Its window is still open.",
    FINAL="It has closed.",
    REVISED="It has changed after it closed, through late or corrected data.",
)
_describe(
    Coverage,
    "Whether a candle has all that was traded in its window. Of a PROVISIONAL candle: so far.",
    COMPLETE="All that was traded is in it.",
    PARTIAL="Something is missing, or nobody can say that nothing is.",
    NO_TRADES="Nothing was traded.",
    MARKET_CLOSED="The venue has no session in the window.",
    FEED_GAP="Nothing is here, and it was the feed that was silent, or nobody can say that it was not.",
)
_describe(
    Fill,
    "What there is of a window without trades, between the instrument's first candle and now.",
    OMIT="Nothing.",
    EMPTY="A candle without prices, whose coverage says why.",
    PREVIOUS_CLOSE="The same at the price of the last trade before it; without prices where its coverage is FEED_GAP.",
)
_describe(
    GapEvidence,
    "How a gap was noticed.",
    MISSING_SEQUENCES="Trades before and after are here, those between are not.",
    MISSED_HEARTBEAT="The venue said that there are newer trades.",
    DISCONNECTED="Nobody listened.",
    SILENCE="Nothing came for longer than the instrument's own rhythm makes likely.",
    RECONCILIATION="The venue's own candles hold more than ours.",
)
_describe(
    GapState,
    "What becomes of a gap.",
    OPEN="It waits to be repaired.",
    REPAIRING="What is missing is being fetched.",
    REPAIRED="All of it is here, or nothing was missing after all: the reason says so.",
    UNREPAIRABLE="The source has none of it; the reason says how often it was asked.",
)
_describe(
    Interval,
    "The widths of candles that have names. Any other width is `time: {every: …}`.",
    S1="One second; built from trades when asked for.",
    M1="One minute.",
    M5="Five minutes.",
    M15="A quarter of an hour.",
    M30="Half an hour.",
    H1="One hour.",
    H4="Four hours.",
    D1="A UTC day.",
    W1="A week, from Monday, UTC.",
    MO1="A calendar month, UTC.",
)
_describe(
    AssetClass,
    "What kind of thing an asset is.",
    CRYPTO="A coin or token.",
    FIAT="A state's currency.",
    EQUITY="A share or a fund that trades like one.",
    COMMODITY="A metal, energy or crop.",
    INDEX="A number computed from other prices.",
)
_describe(
    Side,
    "The aggressor's side of a trade: who took liquidity.",
    BUY="The buyer did.",
    SELL="The seller did.",
    UNKNOWN="The venue does not say.",
)
_describe(
    Tape,
    "Which of a venue's two numberings of executions an instrument keeps.",
    TRADES="Every execution.",
    AGGREGATED="Executions of one order at one price, joined by the venue.",
)
_describe(
    InstrumentStatus,
    "Whether the venue trades an instrument today.",
    TRADING="It trades.",
    HALTED="It is suspended.",
    DELISTED="It is gone; its past stays.",
)
_describe(
    DatabaseEdition,
    "The database that holds the data. Candles are the same to the last digit on each.",
    TIMESCALEDB_COMMUNITY="TimescaleDB with continuous aggregates and compression.",
    TIMESCALEDB_APACHE="TimescaleDB under the Apache licence: hypertables only.",
    POSTGRESQL="PostgreSQL without TimescaleDB.",
)
_describe(
    DataKind,
    "What of an instrument is fetched.",
    TRADES="Its trades, of the tape that it keeps; candles are made of them.",
    CANDLES="Minute candles as the venue published them.",
    QUOTES="What the source says that the price was, as fine as it still has it; candles are made of it.",
    DAYS="Days as the source published them, and the factors of splits and dividends where it has them.",
)
_describe(
    JobKind,
    "What a job does.",
    BACKFILL="Fetches the past of instruments.",
    BUILD_BARS="Builds event bars of stored trades.",
    BACKTEST="Tries a strategy on candles of the past.",
    DISCOVER="Asks a venue what it lists.",
    IMPORT="Stores a table that somebody sent.",
    INGEST="Asks a source, or all of them, now.",
    REPAIR="Asks again for what is missing of an instrument.",
    REPLAY="Reads kept payloads and files again into the same rows.",
    VERIFY="Compares candles with the venue's own.",
)
_describe(
    JobStatus,
    "How a job stands.",
    QUEUED="No worker has begun it.",
    RUNNING="Some of it is done, or a worker is at it.",
    SUCCEEDED="All of it is done.",
    FAILED="Some of it failed for good; it can be tried again.",
    CANCELLED="Somebody wanted no more of it; what was stored stays.",
)
_describe(
    SourceState,
    "How it stands with a source in a word.",
    OK="What is asked of it, it answers.",
    DEGRADED="Some of it fails, or it told us to keep away.",
    DOWN="All of it that is asked fails.",
    IDLE="Nobody asks it.",
    UNKNOWN="What the workers see of it cannot be found out now.",
)
_describe(
    SourceCapability,
    "What a source can do here.",
    STREAM="Trades as they happen.",
    TRADES="Trades of the past.",
    CANDLES="Its own minute candles of the past.",
    QUOTES="What prices are now.",
    QUOTE_HISTORY="What prices were.",
    DAYS="Daily candles and factors.",
    ARCHIVES="Archive files that a backfill fetches.",
    FILES="Files that were downloaded, or made by anybody, and can be imported.",
    DISCOVERY="It says what it lists.",
)
_describe(
    CircuitState,
    "Whether an endpoint is asked.",
    CLOSED="It is.",
    OPEN="It failed several times in a row and is left alone for a while.",
    HALF_OPEN="One request is on its way: it decides.",
)
_describe(
    LetterKind,
    "What failed for good.",
    MALFORMED="A row that cannot be read.",
    INVALID="A row that says what cannot be.",
    CLASH="A trade whose key is taken by one with other content.",
    JOB="A step of a job.",
    PAYLOAD="A whole payload, of which nothing can be read.",
)
_describe(
    RetryResult,
    "What became of a dead letter that was tried again.",
    RESOLVED="It is stored, or done, by now.",
    STILL_DEAD="It failed again.",
    QUEUED="A job does it; the letter is resolved when that is done.",
    NOT_POSSIBLE="It cannot be tried again.",
)
_describe(
    PriceBasis,
    "What a price was observed as.",
    TRADE="A trade.",
    QUOTE="A quote: its last price, else the middle of bid and ask.",
    CANDLE="The close of a minute, as the venue published it or of trades that are no longer kept.",
    DAY="The close of a day, as its source published it; known when the day was over.",
)
_describe(
    PricePath,
    "How a price comes about.",
    DIRECT="It is a market's price.",
    INVERSE="It is 1 ÷ a market's price.",
    BRIDGED="It leads through other assets, such as USD or USDT: the steps say which.",
)
_describe(
    RateDirection,
    "How a rate comes from a market's price.",
    DIRECT="It is the price: from base to quote.",
    INVERSE="It is 1 ÷ price: from quote to base.",
)
_describe(
    LeftOutReason,
    "Why a market has no part in a price.",
    NO_PRICE="Nothing was said of it until then.",
    STALE="What was said is too old, or others are much fresher.",
    CROSSED="The bid is above the ask: one of them is wrong.",
    HALTED="The venue has suspended it.",
    DELISTED="It is gone.",
    OUTLIER="It is more than a tenth away from the median, and most of the others are not.",
    NO_BRIDGE="Nothing leads on from its other asset.",
    MADE_UP="Its prices are made up, and there are real ones.",
    NOT_NEEDED="Enough others are nearer to a direct price, fresher, or traded more.",
)
_describe(
    MoverRank,
    "What movers are ranked by.",
    GAIN="Those that rose most, as a part of what they cost.",
    LOSS="Those that fell most.",
    VOLUME="Those of which most was traded, in one currency.",
)
_describe(
    BarMeasure,
    "What of a trade event bars count.",
    TICK="That it is one.",
    VOLUME="Its size, in the base asset.",
    VALUE="Its price × its size, in the quote asset.",
)
_describe(
    BarRule,
    "When an event bar is full.",
    THRESHOLD="When its trades together reach the threshold.",
    IMBALANCE="When buys are ahead of sells, or sells of buys, by the threshold.",
    RUNS="When either side alone has reached the threshold, whatever the other did between.",
)
_describe(
    AtEnd,
    "What becomes of a position that is open when the last candle closes.",
    CLOSE="It is closed there, at the candle's close, with slippage and fee.",
    HOLD="It stays open, and is valued at the candle's close.",
)

_describe(
    Direction,
    "What a strategy may hold.",
    LONG_ONLY="Long positions: where it would be short, nothing is held.",
    SHORT_ONLY="Short positions: where it would be long, nothing is held.",
    BOTH="Long and short ones.",
)

_describe(
    ExitReason,
    "Why a position was closed.",
    SIGNAL="The strategy wanted another one, or none.",
    END="The candles were over.",
    RUIN="Nothing of the equity was left.",
)

_describe(
    FillAt,
    "Where an order is filled that was decided on when a candle closed.",
    NEXT_OPEN="At the open of the next candle.",
    NEXT_CLOSE="At the close of the next candle.",
)
