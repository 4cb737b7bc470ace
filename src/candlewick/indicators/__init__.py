"""Candles as arrays of floats come in, values of indicators go out; the catalogue says which, without computing."""
