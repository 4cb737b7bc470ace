"""Looks at everything that Candlewick needs: settings in, findings out, each with what to do about it."""
