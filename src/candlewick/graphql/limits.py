"""The bounds of the API: nothing that a client sends makes us work, read or remember without an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_ROWS: Final = 5_000
"""Candles or trades on one page."""
MAX_LISTED: Final = 500
"""Instruments or assets on one page."""
DEFAULT_LISTED: Final = 50
"""Instruments, assets and the like on a page that does not say how many."""
DEFAULT_ROWS: Final = 100
"""Candles or trades on a page that does not say how many."""
MAX_PARAMETERS: Final = 20
"""Parameters that one indicator may be given."""
MAX_WATCHED: Final = 100
"""Instruments of one subscription, or of one backfill."""
MAX_RETRIED: Final = 100
"""Dead letters that are tried again at once."""
MAX_BODY: Final = 1_000_000
"""Bytes of a raw payload's body."""
PRICE_ROWS: Final = 100
"""Rows that a price or a conversion counts as: so many markets may have a part in it."""
MARKET_ROWS: Final = 1_000
"""Rows that a list of movers or the statistics of a market count as: all instruments are looked at."""
MAX_EVENT_GAPS: Final = 100
"""Gaps that a subscription tells of at once, of more the newest."""
MAX_EVENT_ROWS: Final = 1_000
"""Candles or trades that one event of a subscription carries."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request. The defaults leave room for a code generator's introspection and a busy dashboard."""

    body_bytes: int = 64_000
    body_seconds: float = 10
    operation_seconds: float = 15
    tokens: int = 2_000
    nesting: int = 32
    """Brackets of any kind within each other, before the parser sees them."""
    directives: int = 50
    name_length: int = 128
    number_length: int = 40
    definitions: int = 30
    variables: int = 50
    depth: int = 12
    aliases: int = 50
    fields: int = 500
    """Selected fields with every fragment spread out, introspection included."""
    root_fields: int = 30
    cost: int = 250_000
    """Values that the answer may have, as far as that is known before it is made: see `cost`."""
    page_rows: int = MAX_ROWS
    rows: int = 25_000
    """Rows that the lists of one operation may ask for together."""
    document_bytes: int = 300_000
    """Text of the parsed and validated documents that are kept. Parsed, they take up to two hundred times as much."""
