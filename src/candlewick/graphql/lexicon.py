"""Bounds on the text of a document, checked token by token before the parser sees it: linear, and stops early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from graphql import Lexer, Source, Token, TokenKind

from candlewick.graphql.faults import DocumentTooLarge
from candlewick.graphql.limits import Limits

_OPENING: Final = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSING: Final = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})
_NUMBERS: Final = frozenset({TokenKind.INT, TokenKind.FLOAT})


def check_text(document: str, limits: Limits) -> None:
    """Bound tokens, nesting, directives, and the length of names and numbers.

    Raises:
        DocumentTooLarge: one of them is beyond its bound.
        GraphQLSyntaxError: the text has something that is no token.
    """
    nesting, counts = 0, Counter[str]()
    for token in _tokens(document):
        counts["tokens"] += 1
        nesting += (token.kind in _OPENING) - (token.kind in _CLOSING)
        counts["directives"] += token.kind is TokenKind.AT
        _bound("tokens", counts["tokens"], limits.tokens)
        _bound("nesting", nesting, limits.nesting)
        _bound("directives", counts["directives"], limits.directives)
        _check_length(token, limits)


def _tokens(document: str) -> Iterator[Token]:
    lexer = Lexer(Source(document))
    while (token := lexer.advance()).kind is not TokenKind.EOF:
        yield token


def _check_length(token: Token, limits: Limits) -> None:
    length = len(token.value or "")
    if token.kind is TokenKind.NAME:
        _bound("length of a name", length, limits.name_length)
    elif token.kind in _NUMBERS:
        _bound("length of a number", length, limits.number_length)


def _bound(what: str, actual: int, limit: int) -> None:
    if actual > limit:
        raise DocumentTooLarge(what, f"more than {limit}", limit)
