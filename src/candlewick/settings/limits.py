"""The bounds of what clients of the API may ask for, as settings. What each of them is: `graphql.limits`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from candlewick.settings.kinds import Duration
from candlewick.settings.sections import Section


class LimitSettings(Section):
    """What one request may ask for. The defaults leave room for a code generator and a busy dashboard."""

    body_bytes: int = Field(64_000, ge=1_000, le=16_000_000, description="Bytes of a request's body.")
    body_time: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=10),
        description="How long the body may take to arrive.",
    )
    head_time: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=10),
        description="How long a request's line and headers may take to arrive.",
    )
    stall_time: Duration = Field(
        timedelta(seconds=15),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=10),
        description="How long a client may take nothing of what it is sent; less than 1 KB a second counts as nothing.",
    )
    operation_time: Duration = Field(
        timedelta(seconds=15),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=10),
        description="How long an operation may take; the database gives up on its statements a second later.",
    )
    tokens: int = Field(2_000, ge=100, le=100_000, description="Tokens of a document.")
    nesting: int = Field(32, ge=10, le=100, description="Brackets within brackets in a document.")
    directives: int = Field(50, ge=1, le=10_000, description="Directives of a document.")
    name_length: int = Field(128, ge=40, le=10_000, description="Characters of a name in a document.")
    number_length: int = Field(40, ge=20, le=1_000, description="Characters of a number in a document.")
    definitions: int = Field(30, ge=1, le=200, description="Operations and fragments of a document.")
    variables: int = Field(50, ge=1, le=1_000, description="Variables of an operation.")
    depth: int = Field(12, ge=3, le=50, description="Levels of an operation; introspection counts as one.")
    aliases: int = Field(50, ge=1, le=10_000, description="Aliases of an operation, fragments spread out.")
    fields: int = Field(500, ge=10, le=100_000, description="Selected fields of an operation, fragments spread out.")
    root_fields: int = Field(30, ge=1, le=1_000, description="Fields at the top of an operation.")
    cost: int = Field(250_000, ge=1_000, le=100_000_000, description="Values that the answer to an operation may have.")
    page_rows: int = Field(5_000, ge=500, le=5_000, description="Rows of one page.")
    rows: int = Field(25_000, ge=100, le=10_000_000, description="Rows that the lists of an operation may ask for.")
