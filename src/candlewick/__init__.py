"""Candlewick: trades and quotes of public providers in, exact candles out, over one GraphQL API."""

from importlib.metadata import version

__version__ = version("candlewick")
