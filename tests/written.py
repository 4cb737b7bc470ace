"""Rows written by Python as the database writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from candlewick.domain.written import RowTemplate
from candlewick.graphql.scalars import serialize_datetime


def text_of(row: object, template: RowTemplate) -> str:
    """The row, by the template."""
    values = [_json(getattr(row, column)) for column in template.columns]
    return "".join(piece + value for piece, value in zip(template.pieces, [*values, ""], strict=True))


def _json(value: Any) -> str:
    return orjson.dumps(serialize_datetime(value) if isinstance(value, datetime) else value).decode()
