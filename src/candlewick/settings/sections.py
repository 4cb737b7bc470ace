"""The tables of candlewick.toml, each setting with its type, its bounds and its default. No secret has a default."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from candlewick.domain.market import InstrumentKey
from candlewick.indicators.rules import KeptRule, parse_rules
from candlewick.settings.kinds import (
    LOOPBACK_NAMES,
    DatabaseUrl,
    Duration,
    Duty,
    Location,
    RedisUrl,
    checked_calendar_names,
    checked_duties,
    checked_host_names,
    checked_instrument_keys,
    checked_rules,
    host_of,
    listed,
)


class Section(BaseModel):
    """A table of candlewick.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Python takes true for 1: a port of true is a slip."""
        wanted = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and wanted in {int, timedelta}:
            raise ValueError("a flag is no number")
        return value


class DatabaseSettings(Section):
    """PostgreSQL, with TimescaleDB where it can be had."""

    url: DatabaseUrl | None = Field(
        None,
        description="The database. Without it Candlewick runs a private PostgreSQL in the data folder.",
        examples=["postgresql://candlewick:PASSWORD@localhost:5432/candlewick"],
    )
    postgres_bin: Location | None = Field(
        None,
        description="The bin folder of the PostgreSQL to run privately. Without it one is looked for.",
        examples=["/usr/lib/postgresql/17/bin"],
    )
    pool_size: int = Field(
        10,
        ge=1,
        le=200,
        description="Connections a process holds at most. A server has half of them for its most frequent reads.",
    )
    timescaledb: bool = Field(
        True, description="Use TimescaleDB where the server offers it. Off: never create the extension."
    )


class RedisSettings(Section):
    """Redis or Valkey: the queue of jobs and the bus, never the only copy of anything."""

    url: RedisUrl | None = Field(
        None,
        description="The Redis. Without it Candlewick runs a private Valkey in the data folder.",
        examples=["redis://localhost:6379/0", "unix:///run/redis/redis.sock"],
    )


class HttpSettings(Section):
    """The server of the API."""

    host: str = Field("127.0.0.1", min_length=1, description="The address to listen on; 0.0.0.0 for all of them.")
    port: int = Field(8000, ge=1, le=65535, description="The port to listen on.")
    anonymous: bool | None = Field(
        None,
        description="Reading without an API key. Without a value: only where this machine alone reaches the server.",
        examples=[False],
    )
    hosts: Annotated[str, AfterValidator(checked_host_names)] | None = Field(
        None,
        description="Host names to answer to, with commas between. Without a value: on loopback its own, where reading "
        "is anonymous addresses and the machine's name, else any.",
        examples=["api.example.org,www.example.org"],
    )
    kept_for: Duration = Field(
        timedelta(minutes=1),
        ge=timedelta(0),
        le=timedelta(days=1),
        description="How long clients may use candles of a closed, clean range without asking again; 0 is never.",
    )
    compression: bool = Field(True, description="Compress answers, with zstd or gzip. Off: a proxy does it.")
    shutdown_timeout: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(0),
        le=timedelta(minutes=10),
        description="How long requests in flight may take to end when the server stops.",
    )
    max_connections: int = Field(
        10_000, ge=1, le=1_000_000, description="Connections held at the same time; the next ones get status 503."
    )

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def host_names(self) -> tuple[str, ...]:
        """The names of this server in requests; a page whose name was made to resolve to us has another."""
        if self.hosts is not None:
            return *LOOPBACK_NAMES, *listed(self.hosts)
        return (*LOOPBACK_NAMES, self.host) if self.on_loopback else ("*",)

    @property
    def exposed(self) -> bool:
        """Whether others can reach the server, by its address or by a name that a proxy answers to."""
        return not self.on_loopback or any(name not in LOOPBACK_NAMES for name in listed(self.hosts or ""))


class WebsocketSettings(Section):
    """Websockets of the API, and the subscriptions on them. Bounds are those of one server process."""

    max_per_key: int = Field(5_000, ge=1, le=1_000_000, description="Websockets that one API key may have open.")
    max_operations: int = Field(
        100, ge=1, le=10_000, description="Operations, subscriptions among them, that run on one websocket at a time."
    )
    max_operations_per_key: int = Field(
        20_000, ge=1, le=1_000_000, description="Operations that run on all websockets of one API key at a time."
    )
    frame_bytes: int = Field(64_000, ge=1_024, le=1_048_576, description="Characters of a message that a client sends.")
    max_frames: int = Field(
        1_000, ge=1, le=1_000_000, description="Messages that a client sends on one websocket within `frames_within`."
    )
    frames_within: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="The time over which such messages are counted.",
    )
    init_timeout: Duration = Field(
        timedelta(seconds=3),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=5),
        description="From a websocket's opening to its `connection_init`.",
    )
    idle_timeout: Duration = Field(
        timedelta(minutes=10),
        ge=timedelta(seconds=1),
        le=timedelta(days=1),
        description="How long a websocket may stay open on which nothing runs.",
    )
    ping_interval: Duration = Field(
        timedelta(seconds=8),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=10),
        description="How often the server asks whether a client still reads, with a websocket ping.",
    )
    ping_timeout: Duration = Field(
        timedelta(seconds=8),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=10),
        description="How long a client may take to answer a ping. Then it is shed: so is one that sends half a frame.",
    )
    send_timeout: Duration = Field(
        timedelta(seconds=20),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=10),
        description="How long a client may take none of what is sent to it. Then it is shed.",
    )
    key_check: Duration = Field(
        timedelta(seconds=3),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=10),
        description="How often keys are looked at again: so long may a revoked or expired one keep its websockets.",
    )
    resumable_for: Duration = Field(
        timedelta(days=7),
        ge=timedelta(minutes=1),
        le=timedelta(days=36_500),
        description="How old the first event may be that a cursor of a subscription has missed.",
    )


class WorkerSettings(Section):
    """The process that keeps candles settled and runs jobs."""

    refresh_every: Duration = Field(
        timedelta(seconds=1),
        ge=timedelta(milliseconds=50),
        le=timedelta(hours=1),
        description="How often to look for changed candles that are due to be carried into the wider intervals.",
    )
    refresh_after: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(0),
        le=timedelta(minutes=10),
        description="How long changes gather before they are due. Reads are right meanwhile, only dearer.",
    )
    duties: Annotated[str, AfterValidator(checked_duties)] = Field(
        ",".join(Duty),
        description=f"What a worker does, of {', '.join(Duty)}; several workers may share the duties.",
        examples=["settle,relay"],
    )
    max_jobs: int = Field(
        4, ge=1, le=1_000, description="Steps of jobs that one worker does at the same time, for each queue."
    )
    stop_timeout: Duration = Field(
        timedelta(seconds=20),
        ge=timedelta(0),
        le=timedelta(minutes=10),
        description="How long work in flight may take to end when the worker stops.",
    )

    @property
    def duty_list(self) -> list[Duty]:
        return [Duty(duty) for duty in listed(self.duties)]


class LiveSettings(Section):
    """What is taken live, by workers with the duty `live`."""

    watch: Annotated[str, AfterValidator(checked_instrument_keys)] | None = Field(
        None,
        description="The instruments to take live, with commas between.",
        examples=["binance:BTC-USDT,binance:ETH-USDT"],
    )
    batch_span: Duration = Field(
        timedelta(milliseconds=100),
        ge=timedelta(0),
        le=timedelta(seconds=5),
        description="How long trades gather before they are committed together: less is fresher, more is cheaper.",
    )
    batch_rows: int = Field(5_000, ge=1, le=50_000, description="Trades of a stream that are committed together.")

    @property
    def instruments(self) -> list[InstrumentKey]:
        return [InstrumentKey.parse(key) for key in listed(self.watch or "")]


class IndicatorSettings(Section):
    """Indicators: those kept ready as candles close, and those computed when a server asks for them."""

    kept: Annotated[str, AfterValidator(checked_rules)] | None = Field(
        None,
        description=(
            "The indicators that workers with the duty `keep` compute as candles close, and store: indicators, `on`, "
            "intervals, and perhaps `of` and instruments, else of whatever is watched; several such rules with "
            "semicolons between. Without a value: none."
        ),
        examples=["ema(length=20) rsi macd on M5 H1; obv on D1 of binance:BTC-USDT"],
    )
    lanes: int = Field(2, ge=1, le=64, description="Questions that one worker answers at the same time.")
    max_waiting: int = Field(
        256, ge=1, le=100_000, description="Questions that wait for workers; beyond, the answer is WORKERS_BUSY."
    )
    patience: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=5),
        description="How long a server waits for an answer; shorter than `limits.operation_time`, or that ends it.",
    )
    kept_for: Duration = Field(
        timedelta(minutes=1),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="How long Redis keeps an answer for who asks the same of the same data.",
    )
    cache_bytes: int = Field(
        64_000_000, ge=1_000_000, le=10_000_000_000, description="Bytes of kept answers; the oldest make room."
    )
    history: int = Field(
        50_000,
        ge=1_000,
        le=500_000,
        description="Candles that are read before the first one asked for, so that its values are stable.",
    )

    @property
    def rules(self) -> Sequence[KeptRule]:
        return parse_rules(self.kept or "")


class ImportSettings(Section):
    """Tables that are sent to the server, `POST /import`."""

    max_bytes: int = Field(
        2 * 1024**3, ge=1_024, le=1024**4, description="Bytes of a file that is sent; packed ones count as they come."
    )
    max_uploads: int = Field(4, ge=1, le=1_000, description="Files that a server takes at the same time.")
    patience: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=10),
        description="How long the next piece of a file may take to arrive.",
    )


class DemoSettings(Section):
    """The demo market: made-up prices, under a venue of their own."""

    url: Annotated[str, host_of("http", "https")] | None = Field(
        None,
        description="Where the demo market is served. `candlewick demo` serves one and sets this for its processes.",
        examples=["http://127.0.0.1:9100"],
    )


class StorageSettings(Section):
    """What is kept, and for how long a candle waits for late trades."""

    archive_dir: Location | None = Field(
        None,
        description="The folder of imported files. Without it: `archive` in the data folder.",
        examples=["/srv/candlewick/archive"],
    )
    raw_kept_for: Duration = Field(
        timedelta(days=30),
        ge=timedelta(hours=1),
        le=timedelta(days=36_500),
        description="How long the answers and messages of sources are kept as received; imported files stay.",
    )
    allowed_lateness: Duration = Field(
        timedelta(seconds=5),
        ge=timedelta(0),
        le=timedelta(days=1),
        description="How long after its end a candle stays open for late trades.",
    )
    calendars: Annotated[str, AfterValidator(checked_calendar_names)] | None = Field(
        None,
        description=(
            "Calendars of exchanges whose sessions candles may be asked for, beside those of the venues that are here; "
            "with commas between."
        ),
        examples=["XNYS,XLON"],
    )

    @property
    def calendar_names(self) -> list[str]:
        return listed(self.calendars or "")
