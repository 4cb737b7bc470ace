"""Progress bars on stderr, while a person watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from candlewick.clock import SystemClock
from candlewick.domain.job import Job


@contextmanager
def progress_bars(*, visible: bool) -> Iterator[Progress]:
    """Bars of lines, else nothing."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not visible) as bars:
        yield bars


@contextmanager
def job_bar(*, visible: bool) -> Iterator[Callable[[Job], None]]:
    """A bar for one job: what it takes is shown from then on."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not visible) as bars:
        bar = bars.add_task("waiting for a worker", total=1.0)

        def show(job: Job) -> None:
            rate = job.rate(SystemClock().now())
            pace = f" at {rate:,.0f}/s" if rate else ""
            text = f"job {job.id} {job.status.lower()}: {job.progress.stored:,} stored{pace}"
            bars.update(bar, completed=job.progress.part, description=f"{text}; {job.error}" if job.error else text)

        yield show
