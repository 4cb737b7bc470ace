"""The tables of the sources, `[sources.binance]` and so on: one for each provider, all of one shape."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, SecretStr, create_model

from candlewick.providers.registry import CODES
from candlewick.settings.kinds import Duration, host_of
from candlewick.settings.sections import Section


class SourceSettings(Section):
    """Where a source is asked, how much and with which key. What is not given is as the source documents it."""

    rest_url: Annotated[str, host_of("http", "https")] | None = Field(
        None, description="Its REST API, if not the usual one.", examples=["https://api.example.com"]
    )
    archive_url: Annotated[str, host_of("http", "https")] | None = Field(
        None,
        description="Where its archive files lie, if not in the usual place.",
        examples=["https://data.example.com"],
    )
    stream_url: Annotated[str, host_of("ws", "wss")] | None = Field(
        None, description="Its websocket streams, if not the usual ones.", examples=["wss://stream.example.com"]
    )
    api_key: Annotated[SecretStr, Field(min_length=1)] | None = Field(
        None, description="The key that it gave you, where it wants one.", examples=["YOUR-KEY"]
    )
    plan: str | None = Field(
        None, min_length=1, description="What the key was paid for, where that matters.", examples=["pro"]
    )
    weight_per_minute: int | None = Field(
        None,
        ge=1,
        le=10_000_000,
        description="Requests (or their weight) that all workers together use in a minute, if not the usual number.",
        examples=[60],
    )
    weight_per_day: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000,
        description="The same for any 24 hours, for a source that counts by the day.",
        examples=[25],
    )
    timeout: Duration = Field(
        timedelta(seconds=15),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=5),
        description="How long an answer may take; of an archive file, its next piece.",
    )
    poll_every: Duration | None = Field(
        None,
        ge=timedelta(seconds=1),
        le=timedelta(days=7),
        description="How often quotes of watched instruments are asked for, if not as often as usual.",
        examples=[60],
    )
    stream_quotes: bool = Field(
        False,
        description="Whether its streams carry the best bid and ask too, each time they change: Binance's book ticker, "
        "the ticker channel of Coinbase and Kraken. It is many times the messages.",
    )


_UNASKED = frozenset({"demo", "csv"})
"""The demo market has a table of its own, and nobody is asked for files."""
_FIELDS: Any = {code: (SourceSettings, SourceSettings()) for code in CODES if code not in _UNASKED}
SourcesSettings: type[Section] = create_model("SourcesSettings", __base__=Section, **_FIELDS)
"""A table of tables, by the source's code."""
