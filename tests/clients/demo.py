"""A demo market as a newcomer runs it."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from command_line import Candlewick


@dataclass(frozen=True)
class DemoService(Candlewick):
    """`candlewick demo` at a port of its own."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def operator_key(self) -> str:
        """A new key with the role OPERATOR."""
        done = self.run("keys", "create", "--role", "operator", "--name", "tests")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
