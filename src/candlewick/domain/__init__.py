"""The words of the house: markets, trades, candles, windows and the errors they raise. Imports nothing of ours."""
