"""Requests that never become an operation."""

from __future__ import annotations

from collections.abc import Mapping


class HttpFault(Exception):
    """What is wrong with a request, with the status that says so and the facts that stand beside the code."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "BAD_REQUEST",
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers, self.facts = dict(headers or {}), dict(facts or {})
