"""Kraken spot, crypto and FX: REST pages and websocket messages come in; trades, candles, quotes, listings go out."""
