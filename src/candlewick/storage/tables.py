"""The ordinary tables as SQLAlchemy Core knows them. Hypertables and the candle tree are SQL, in their own modules."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
)

METADATA = MetaData()
_TIME = DateTime(timezone=True)

venue = Table(
    "venue",
    METADATA,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
)
asset = Table(
    "asset",
    METADATA,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("code", Text, nullable=False),
    Column("asset_class", Text, nullable=False),
    Column("name", Text),
)
instrument = Table(
    "instrument",
    METADATA,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("venue_id", ForeignKey("venue.id"), nullable=False),
    Column("base_id", ForeignKey("asset.id"), nullable=False),
    Column("quote_id", ForeignKey("asset.id"), nullable=False),
    Column("symbol", Text, nullable=False),
    Column("asset_class", Text, nullable=False),
    Column("tape", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("tick_size", Numeric),
    Column("lot_size", Numeric),
    Column("retention_floor", _TIME),
    Column("created_at", _TIME, nullable=False),
)
symbol_alias = Table(
    "symbol_alias",
    METADATA,
    Column("instrument_id", ForeignKey("instrument.id"), primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("valid_from", _TIME, primary_key=True, server_default="-infinity"),
    Column("valid_to", _TIME, nullable=False, server_default="infinity"),
)
instrument_version = Table(
    "instrument_version",
    METADATA,
    Column("instrument_id", ForeignKey("instrument.id"), primary_key=True),
    Column("version", BigInteger, nullable=False),
)
candle_span = Table(
    "candle_span",
    METADATA,
    Column("instrument_id", ForeignKey("instrument.id"), primary_key=True),
    Column("origin", Integer, primary_key=True),
    Column("first_open", _TIME, nullable=False),
    Column("last_open", _TIME, nullable=False),
)
raw_payload = Table(
    "raw_payload",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("received_at", _TIME, nullable=False),
    Column("encoding", Text),
    Column("body", LargeBinary),
)
archive_file = Table(
    "archive_file",
    METADATA,
    Column("raw_id", ForeignKey("raw_payload.id"), primary_key=True),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("instrument_id", ForeignKey("instrument.id")),
    Column("lines_stored", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("completed_at", _TIME),
)
dead_letter = Table(
    "dead_letter",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("raw_id", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("first_seen_at", _TIME, nullable=False),
    Column("last_seen_at", _TIME, nullable=False),
)
api_key = Table(
    "api_key",
    METADATA,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("prefix", Text, nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("created_at", _TIME, nullable=False),
    Column("expires_at", _TIME),
    Column("revoked_at", _TIME),
)
