"""Backtests: candles and a strategy in; fills, the equity curve and statistics out. Pure, and never looks ahead."""
