"""Trades in the order of their sequence come in; event bars go out, the same whatever the batches. Pure."""
