"""What every command begins with: settings, logs, a trace id, an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from candlewick.settings import Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that stand before the command."""

    debug: bool = False


@contextmanager
def begun(ctx: typer.Context, **overrides: Any) -> Iterator[Settings]:
    """The settings (arguments win: `http={"port": 1}`), with logs on stderr and one trace id for the whole command."""
    from candlewick.settings import load_settings
    from candlewick.telemetry import configure_logging, traced

    invocation = ctx.obj if isinstance(ctx.obj, Invocation) else Invocation()
    if invocation.debug:
        overrides["log_level"] = "debug"
    settings = load_settings(**overrides)
    configure_logging(settings.log_level, settings.log_format)
    with traced(command=ctx.command_path.removeprefix("candlewick ")):
        yield settings


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on the fastest event loop there is."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows has none
        return None
    return uvloop.new_event_loop
