"""`candlewick raw`: what a trade was read from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json
from candlewick.domain.errors import UnknownInstrument, UnknownTrade
from candlewick.domain.market import InstrumentKey

if TYPE_CHECKING:
    from candlewick.domain.page import TradeRow
    from candlewick.domain.raw import RawRecord
    from candlewick.wiring import Stores

Key = Annotated[
    InstrumentKey, typer.Argument(metavar="VENUE:BASE-QUOTE", parser=key_of, help="The trade's instrument.")
]
Sequence = Annotated[int, typer.Argument(help="The trade's sequence: the venue's id where that grows.")]


@dataclass(frozen=True, slots=True)
class Origin:
    """A trade, and what it came from as far as that is kept."""

    trade: TradeRow
    record: RawRecord | None
    body: bytes | None = None
    file: Path | None = None

    def facts(self) -> dict[str, Any]:
        """Without the bytes."""
        facts = {
            "trade": f"{self.trade.side.lower()} {self.trade.size} at {self.trade.price}, {self.trade.ts.isoformat()}",
            "received": self.trade.received_at,
        }
        if self.record is None:
            return facts | {"payload": None}
        return facts | {
            "payload": self.record.id,
            "source": self.record.source,
            "endpoint": self.record.endpoint,
            "sha256": self.record.sha256,
            "bytes": self.record.byte_count,
            "payload_received": self.record.received_at,
            "file": self.file,
        }

    def text(self) -> str | None:
        """The bytes for people: what is no UTF-8 is written as \\xNN."""
        return None if self.body is None else self.body.decode("utf-8", "backslashreplace")


def raw(
    ctx: typer.Context,
    instrument: Key,
    sequence: Sequence,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the payload there, byte by byte.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a trade was read from, as it was received.

    That is an answer or some messages of its source, which are shown, or an archive file, whose place is. What
    sources sent goes after storage.raw_kept_for; files stay.

    \b
    Examples:
      candlewick raw binance:BTC-USDT 3735683259
      candlewick raw binance:BTC-USDT 3735683259 --output payload.json
    """
    from candlewick.wiring import addresses, open_stores

    with begun(ctx) as settings, addresses(settings, redis=False) as where:

        async def find() -> list[Origin]:
            async with open_stores(settings, where, "raw") as stores:
                return await origins_of(stores, instrument, sequence)

        found = run(find())
    if output is not None:
        _write(output, found)
    if as_json:
        write_json([origin.facts() | {"body": None if output else origin.text()} for origin in found])
        return
    for origin in found:
        for name, value in origin.facts().items():
            if value is not None:
                say(f"{name + ':':<17} {value}")
        if origin.record is None:
            say("What it was read from is no longer kept.")
        if output is None and origin.body is not None:
            say(f"\n{origin.text()}")


async def origins_of(stores: Stores, key: InstrumentKey, sequence: int) -> list[Origin]:
    """The trades of that sequence, one as a rule.

    Raises:
        UnknownInstrument, UnknownTrade: there is none.
    """
    instrument = (await stores.instruments.by_keys([key])).get(key)
    if instrument is None:
        raise UnknownInstrument(str(key))
    found = await stores.raw_reads.of_trade(instrument.id, sequence) if abs(sequence) < 2**63 else ()
    if not found:
        raise UnknownTrade(str(key), sequence)
    return [await _origin(stores, trade, record) for trade, record in found]


async def _origin(stores: Stores, trade: TradeRow, record: RawRecord | None) -> Origin:
    if record is None:
        return Origin(trade, None)
    if record.archived:
        return Origin(trade, record, file=stores.raw.place(record.sha256))
    return Origin(trade, record, body=await stores.raw_reads.body(record.id))


def _write(output: Path, found: list[Origin]) -> None:
    body = next((origin.body for origin in found if origin.body is not None), None)
    if body is None:
        raise typer.BadParameter("there is no payload in the database to write", param_hint="--output")
    output.write_bytes(body)
