"""The command line: arguments in, one use case called, text or JSON and an exit code out.

Commands import what they need when they run, so that `candlewick --help` answers at once.
"""

from candlewick.cli.application import main

__all__ = ["main"]
