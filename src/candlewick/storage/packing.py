"""How the bytes of payloads lie in the database: compressed, and checked when they are read. Pure.

New ones are zstd (RFC 8878), at the level that is its library's default; gzip is how rows of earlier versions are read.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

from backports import zstd

from candlewick.domain.errors import DamagedPayload
from candlewick.domain.raw import RawId

ENCODING: Final = "zstd"
"""What `pack` writes: the column `encoding` of a payload. Its `sha256` and `byte_count` are those of the bytes as
received."""
_GZIP: Final = zlib.MAX_WBITS | 16


def pack(body: bytes) -> tuple[bytes, bytes]:
    """The sha256 of the bytes, and the bytes compressed."""
    return hashlib.sha256(body).digest(), zstd.compress(body)


def unpack(raw_id: RawId, encoding: str, packed: bytes, digest: bytes) -> bytes:
    """The bytes as they were received.

    Raises:
        DamagedPayload: they are not what the digest says.
    """
    body = start(raw_id, encoding, packed, -1)
    if hashlib.sha256(body).digest() != digest:
        raise DamagedPayload(raw_id, "its sha256 is another")
    return body


def start(raw_id: RawId, encoding: str, packed: bytes, most: int) -> bytes:
    """The first `most` bytes as they were received, whatever there is behind them; all of them, if it is −1.

    Raises:
        DamagedPayload: they cannot be read.
    """
    try:
        match encoding:
            case "zstd":
                return zstd.ZstdDecompressor().decompress(packed, most) if packed else b""
            case "gzip":
                return zlib.decompressobj(_GZIP).decompress(packed, max(most, 0))
            case _:
                raise DamagedPayload(raw_id, f"its encoding {encoding!r} is unknown to this version")
    except (zstd.ZstdError, zlib.error) as exc:
        raise DamagedPayload(raw_id, str(exc)) from exc
