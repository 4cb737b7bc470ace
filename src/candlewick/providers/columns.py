"""Texts of numbers as exact columns: what `delimited` does for a file's lines, for the fields of a payload."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from candlewick.domain.batch import DecimalColumn
from candlewick.providers import delimited
from candlewick.providers.delimited import Mask


def decimal_column(texts: Sequence[str]) -> tuple[DecimalColumn, Mask]:
    """The texts as decimals over one scale, and which of them are plain ones that fit 18 digits there.

    The others are for the exact way, one by one.
    """
    chunk = "\n".join(texts).encode()
    coefficients = np.zeros(len(texts), dtype=np.int64)
    fits = np.zeros(len(texts), dtype=np.bool_)
    lines = delimited.Lines.split(chunk + b"\n", 1)
    if len(lines) != len(texts) or b"\r" in chunk:  # a text has a line end of its own: none is plain beyond doubt
        return DecimalColumn(coefficients, 0), fits
    column, readable = delimited.decimals(lines, 0)
    coefficients[lines.regular] = column.coefficients
    fits[lines.regular] = readable
    return DecimalColumn(coefficients, column.scale), fits
