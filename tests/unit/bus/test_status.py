"""What a process says of its sources comes back as it was said, and what nobody understands is left out."""

from __future__ import annotations

import orjson

from candlewick.bus.status import dump_report, load_report
from candlewick.domain.source import CircuitState, CircuitStatus, ProcessReport, StreamStatus
from markets import LATER

REPORT = ProcessReport(
    [CircuitStatus("binance", "/x", CircuitState.HALF_OPEN, 5, "oops", LATER, LATER, None, "oops")],
    [StreamStatus("binance", "stream/binance/list", 3, LATER, None, 0, None, None)],
)


def test_a_report_survives_the_way() -> None:
    assert load_report(dump_report(REPORT)) == REPORT


def test_a_newer_version_may_say_more() -> None:
    said = orjson.loads(dump_report(REPORT))
    said["circuits"][0]["mood"] = "fine"

    assert load_report(orjson.dumps(said | {"host": "h"})) == REPORT
