"""What the API counts about itself, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from candlewick.domain.source import CircuitState, SourceStatus
from candlewick.graphql.recent import Recent
from candlewick.graphql.services import QuestionCounts

_MOST_NAMES: Final = 100
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(slots=True)
class Outcome:
    """How an operation went; failed until it is said to have succeeded."""

    failed: bool = True


def _of_source(name: str, description: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(f"candlewick_source_{name}", description, ("source",), registry=registry)


class _Outcomes(Collector):
    """Counts that somebody else keeps."""

    def __init__(self, questions: QuestionCounts) -> None:
        self._questions = questions

    def collect(self) -> Iterator[Metric]:
        """As Prometheus' client asks for it."""
        name, what = "candlewick_indicator_questions", "Questions about indicators, by what came of them."
        family = CounterMetricFamily(name, what, labels=["outcome"])
        for outcome, count in self._questions.outcomes.items():
            family.add_metric([outcome], count)
        yield family


class Metrics:
    """Counts of requests and operations. Clients choose operation names, so only the first hundred have a label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._names: set[str] = set()
        self.requests = Counter(
            "candlewick_http_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self.operations = Counter(
            "candlewick_graphql_operations", "Operations run.", ("operation", "outcome"), registry=registry
        )
        self.seconds = Histogram(
            "candlewick_graphql_operation_seconds",
            "Time from a valid document to its result.",
            ("operation",),
            registry=registry,
            buckets=_BUCKETS,
        )
        self.in_flight = Gauge("candlewick_graphql_operations_in_flight", "Operations running now.", registry=registry)
        self.sockets = Gauge("candlewick_graphql_sockets", "Websockets open now.", registry=registry)
        self.subscriptions = Gauge("candlewick_graphql_subscriptions", "Subscriptions open now.", registry=registry)
        self.groups = Gauge(
            "candlewick_graphql_subscription_groups",
            "Subscriptions open now that differ: each is executed once an event.",
            registry=registry,
        )
        self.events = Counter(
            "candlewick_graphql_events", "Events sent to subscriptions.", ("operation",), registry=registry
        )
        self.lagged = Counter(
            "candlewick_graphql_subscriptions_lagged",
            "Times that a client took events more slowly than they came.",
            registry=registry,
        )
        self.shed = Counter(
            "candlewick_graphql_sockets_shed", "Websockets closed because the client took nothing.", registry=registry
        )

        self.lag = _of_source("lag_seconds", "Age of a source's newest data that is stored.", registry)
        self.open_gaps = _of_source("open_gaps", "Gaps in a source's data that may still be repaired.", registry)
        self.open_circuits = _of_source("open_circuits", "Endpoints that are left alone after failures.", registry)
        self.dead_letters = _of_source("dead_letters", "Dead letters that nobody dealt with.", registry)

    def show_documents(self, recent: Recent[Any]) -> None:
        """How often a document was there already, and how many are kept."""
        for name, description, figure in (
            ("hits", "Documents that were parsed and validated already.", lambda: recent.hits),
            ("misses", "Documents that had to be parsed and validated.", lambda: recent.misses),
            ("kept", "Documents that are kept parsed.", lambda: len(recent)),
        ):
            gauge = Gauge(f"candlewick_graphql_documents_{name}", description, registry=self.registry)
            gauge.set_function(figure)

    def show_questions(self, questions: QuestionCounts) -> None:
        """What came of questions to workers, as it stands when somebody looks."""
        waiting = Gauge("candlewick_indicator_questions_waiting", "Questions that wait for a worker now.",
                        registry=self.registry)  # fmt: skip
        waiting.set_function(lambda: questions.waiting)
        self.registry.register(_Outcomes(questions))

    def show_sources(self, statuses: Iterable[SourceStatus], now: datetime) -> None:
        """How it stands with the sources, in place of what was shown before: nothing, if that cannot be found out."""
        for gauge in (self.lag, self.open_gaps, self.open_circuits, self.dead_letters):
            gauge.clear()
        for status in statuses:
            if (lag := status.lag(now)) is not None:
                self.lag.labels(status.code).set(lag.total_seconds())
            self.open_gaps.labels(status.code).set(status.figures.open_gaps)
            self.dead_letters.labels(status.code).set(status.figures.dead_letters)
            if status.unknown is None:
                resting = sum(circuit.state is not CircuitState.CLOSED for circuit in status.circuits)
                self.open_circuits.labels(status.code).set(resting)

    @contextmanager
    def operation(self, name: str | None) -> Iterator[Outcome]:
        """Count and time an operation; the caller says how it went."""
        label, outcome, start = self._label(name), Outcome(), perf_counter()
        self.in_flight.inc()
        try:
            yield outcome
        finally:
            self.in_flight.dec()
            self.seconds.labels(label).observe(perf_counter() - start)
            self.operations.labels(label, "failed" if outcome.failed else "succeeded").inc()

    @contextmanager
    def subscription(self, name: str | None) -> Iterator[Outcome]:
        """Count a subscription when it ends; the caller says how it went."""
        label, outcome = self._label(name), Outcome()
        self.subscriptions.inc()
        try:
            yield outcome
        finally:
            self.subscriptions.dec()
            self.operations.labels(label, "failed" if outcome.failed else "succeeded").inc()

    def told(self, name: str | None, events: int) -> None:
        """Count what is sent to subscriptions."""
        self.events.labels(self._label(name)).inc(events)

    def page(self) -> Response:
        """All of the registry, in Prometheus' text format."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    def _label(self, name: str | None) -> str:
        if name is None:
            return "anonymous"
        if len(self._names) < _MOST_NAMES:
            self._names.add(name)
        return name if name in self._names else "other"
