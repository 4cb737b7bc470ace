"""One folder a provider: its files and payloads come in, trades and candles in domain types go out."""
