"""Where the rates are: the ECB's files, and Frankfurter, which serves the same rates as JSON.

Sources: ecb.europa.eu, "Euro foreign exchange reference rates"; frankfurter.dev, "API", versions 1 and 2.
"""

from __future__ import annotations

from typing import Final

HISTORY: Final = "/stats/eurofxref/eurofxref-hist.zip"
LATEST: Final = "/stats/eurofxref/eurofxref.zip"
RATES_V1: Final = "/v1/"
RATES_V2: Final = "/v2/rates"
FILE_MAGIC: Final = b"PK"
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file. The whole history has 0.6 MB."""
