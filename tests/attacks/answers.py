"""What an answer to anybody must never say: where our code lies, how it is called, what the database was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

INTERNAL: Final = re.compile(
    r"""
    Traceback | \bFile\ \\?" | site-packages | \.py\b(?!\w)
    | /(?:usr|home|root|work|tmp|opt|var|app|srv)/\w
    | asyncpg | sqlalchemy | psycopg | starlette | uvicorn | strawberry | graphql[._-]core | pydantic | structlog
    | orjson
    | candlewick\.\w+\.\w+ | \bat\ 0x[0-9a-f]{4,}
    | \b[A-Z]\w+(?:Error|Exception)\b(?!["'`]?\s*[:!]?\ ?[\[{]) | <class\ ' | object\ at\ | NoneType | __\w+__\(
    | relation\ "?\w+"?\ does | syntax\ error\ at\ or\ near | duplicate\ key\ value | violates\ \w+\ constraint
    | \bWHERE\ \w+\ = | INSERT\ INTO | \bpg_catalog | server\ closed\ the\ connection
    """,
    re.VERBOSE,
)
ECHOED: Final = 12
"""Characters of what was sent that make it no leak to say it again."""


def leaks(answer: str, sent: str) -> Iterator[str]:
    """What the answer tells of our inside. What the client sent itself is no news to it."""
    for found in INTERNAL.finditer(answer):
        around = answer[max(found.start() - 2, 0) : found.end() + ECHOED]
        if found.group() not in sent:
            yield around
