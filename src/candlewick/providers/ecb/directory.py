"""Which currencies the ECB has ever published."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from hashlib import sha256

from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.ecb import payloads
from candlewick.providers.ecb.files import EcbFiles


class EcbDirectory:
    """The Directory: the header of the file of all days. A file that was taken over is not handed out again."""

    def __init__(self, files: EcbFiles) -> None:
        self._files = files
        self._known = b""

    async def pages(self) -> AsyncIterator[Payload]:
        """See `Directory.pages`."""
        payload = await self._files.history()
        digest = sha256(payload.body).digest()
        if digest != self._known:
            yield payload
            self._known = digest  # whoever asks for the next page is through with this one

    def read(self, payload: Payload) -> Sequence[Listing]:
        """See `Directory.read`."""
        return payloads.listings(payload)
