"""The HTTP client of all providers: which fault becomes which error, and what is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from candlewick import __version__
from candlewick.domain.errors import ArchiveStoreUnavailable, RateLimited, SourceRefused, SourceUnavailable
from candlewick.domain.source import CircuitState
from candlewick.providers.http import Bounds
from markets import LATER, FrozenClock
from source_doubles import Broken, Script, client, files_in

OK = httpx.Response(200, json=[1])
ONCE = Bounds(attempts=1)


async def test_an_answer_comes_as_received_with_what_was_asked() -> None:
    http, budget, _ = client(Script([httpx.Response(200, content=b'[ {"p":"0.10"} ]')]))

    payload = await http.get("/api/v3/trades", {"symbol": "BTCUSDT", "limit": 5}, weight=25)

    assert (payload.source, payload.body, payload.received_at) == ("binance", b'[ {"p":"0.10"} ]', LATER)
    assert payload.endpoint == "/api/v3/trades?symbol=BTCUSDT&limit=5"
    assert budget.spent == [25]


async def test_a_key_in_the_query_is_not_kept() -> None:
    http, _, _ = client(Script([OK]))

    assert "hunter2" not in (await http.get("/query", {"apikey": "hunter2"})).endpoint


async def test_it_says_who_asks() -> None:
    script = Script([OK])
    http, _, _ = client(script)

    await http.get("/x")

    assert script.requests[0].headers["user-agent"] == f"candlewick/{__version__}"


async def test_the_provider_s_own_count_reaches_the_budget() -> None:
    http, budget, _ = client(
        Script([httpx.Response(200, json=[], headers={"X-Used": "321"})]),
        used_weight=lambda headers: int(headers["x-used"]),
    )

    await http.get("/x")

    assert budget.learned == [321]


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(500, json={"msg": "oops"}),
        httpx.Response(503),
        httpx.Response(408),
        httpx.Response(204),
        httpx.Response(200, text="<html>Just a moment…</html>"),
        httpx.Response(200, content=b'[{"id": 1}, {"id"'),
        httpx.Response(200, content=b""),
        lambda _: httpx.Response(200, stream=Broken([b"[1,"])),
    ],
    ids=["connect", "timeout", "500", "503", "408", "204", "html", "cut json", "empty", "cut body"],
)
async def test_what_may_pass_is_tried_again(fault: httpx.Response | Exception) -> None:
    http, budget, pauses = client(Script([fault, fault, OK]))

    payload = await http.get("/x", weight=4)

    assert (payload.body, budget.spent, len(pauses.taken)) == (b"[1]", [4, 4, 4], 2)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (httpx.ConnectError("refused"), "refused"),
        (httpx.Response(502, text="<html>Bad gateway</html>"), "status 502: it sent a web page"),
        (httpx.Response(200, text=" <!doctype html>"), "web page instead of JSON"),
        (httpx.Response(200, content=b"{"), "no JSON"),
        (httpx.Response(500, json={"code": -1000, "msg": "An unknown error."}), "status 500: -1000: An unknown error."),
    ],
)
async def test_what_does_not_pass_is_unavailable(fault: httpx.Response | Exception, reason: str) -> None:
    script = Script([fault])
    http, _, pauses = client(script)

    with pytest.raises(SourceUnavailable, match=reason) as caught:
        await http.get("/x")

    assert (caught.value.source, len(script.requests), len(pauses.taken)) == ("binance", 4, 3)


async def test_pauses_grow_and_stay_bounded() -> None:
    http, _, pauses = client(Script([httpx.Response(500)]), bounds=Bounds(attempts=4, first_pause=1, longest_pause=3))

    with pytest.raises(SourceUnavailable):
        await http.get("/x")

    assert all(taken <= ceiling for taken, ceiling in zip(pauses.taken, (1, 2, 3), strict=True))


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"code": -1121, "msg": "Invalid symbol."}, "-1121: Invalid symbol."),
        (410, None, "it does not say why"),
        (404, {"error": "not found"}, "not found"),
        (451, {"code": 0, "msg": "Service unavailable from a restricted location"}, "restricted location"),
    ],
)
async def test_what_the_provider_refuses_is_not_asked_again(status: int, body: object, reason: str) -> None:
    script = Script([httpx.Response(status, json=body) if body else httpx.Response(status)])
    http, _, _ = client(script)

    with pytest.raises(SourceRefused, match=reason) as caught:
        await http.get("/x")

    assert (caught.value.status, len(script.requests), caught.value.retryable) == (status, 1, False)


def objection(body: bytes) -> SourceUnavailable | SourceRefused | None:
    """As a provider might have it that answers everything with status 200."""
    errors: dict[bytes, SourceUnavailable | SourceRefused] = {
        b'"busy"': SourceUnavailable("binance", "busy"),
        b'"slower"': RateLimited("binance", "slower", 3.0),
        b'"never"': SourceRefused("binance", 200, "never"),
    }
    return errors.get(body)


async def test_an_error_with_status_200_is_tried_again_if_it_may_pass() -> None:
    http, budget, pauses = client(Script([httpx.Response(200, json="busy"), OK]), objection=objection)

    assert (await http.get("/x")).body == b"[1]"
    assert (budget.spent, len(pauses.taken)) == ([1, 1], 1)


async def test_a_limit_told_with_status_200_makes_every_worker_wait() -> None:
    http, budget, pauses = client(Script([httpx.Response(200, json="slower"), OK]), objection=objection)

    assert (await http.get("/x")).body == b"[1]"
    assert (budget.pauses, pauses.taken) == ([3.0], [])


async def test_a_refusal_with_status_200_is_not_asked_again() -> None:
    script = Script([httpx.Response(200, json="never")])
    http, _, _ = client(script, objection=objection)

    with pytest.raises(SourceRefused, match="never"):
        await http.get("/x")

    assert len(script.requests) == 1


async def test_a_provider_s_message_is_shown_printable_and_short() -> None:
    http, _, _ = client(Script([httpx.Response(400, content=b"\x1b[31mbad\x00\n" + b"x" * 100_000)]))

    with pytest.raises(SourceRefused) as caught:
        await http.get("/x")

    assert caught.value.reason.isprintable()
    assert len(caught.value.reason) <= 200


async def test_redirects_are_not_followed() -> None:
    script = Script([httpx.Response(302, headers={"Location": "https://elsewhere.example/"})])
    http, _, _ = client(script)

    with pytest.raises(SourceRefused, match=r"redirects to https://elsewhere\.example/"):
        await http.get("/x")

    assert len(script.requests) == 1


@pytest.mark.parametrize("status", [429, 418])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (format_datetime(LATER + timedelta(seconds=90), usegmt=True), 90),
        ("99999999999", 3 * 86_400),
    ],
    ids=["seconds", "date", "absurd"],
)
async def test_a_limit_is_kept_by_all_workers_for_as_long_as_the_provider_says(
    status: int, header: str, seconds: float
) -> None:
    script = Script([httpx.Response(status, headers={"Retry-After": header}, json={"code": -1003, "msg": "Too many"})])
    http, budget, _ = client(script)

    with pytest.raises(RateLimited, match="-1003: Too many") as caught:
        await http.get("/x")

    assert (caught.value.retry_after, budget.pauses, len(script.requests)) == (seconds, [seconds], 1)


@pytest.mark.parametrize("header", [None, "soon", "", "-5", "１２"])
async def test_a_limit_without_a_time_keeps_us_away_for_a_while(header: str | None) -> None:
    headers = [] if header is None else [(b"Retry-After", header.encode())]
    http, budget, _ = client(Script([httpx.Response(429, headers=headers)]))

    with pytest.raises(RateLimited):
        await http.get("/x")

    assert budget.pauses == [60.0]


async def test_a_provider_whose_limits_pass_quickly_keeps_us_away_for_less() -> None:
    http, budget, _ = client(Script([httpx.Response(429), OK]), bounds=Bounds(limited_for=1.0))

    await http.get("/x")

    assert budget.pauses == [1.0]


async def test_a_date_in_the_past_is_no_wait() -> None:
    past = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)
    http, budget, _ = client(Script([httpx.Response(429, headers={"Retry-After": past}), OK]))

    await http.get("/x")

    assert budget.pauses == [0.0]


async def test_a_short_limit_is_waited_out_in_the_budget() -> None:
    http, budget, pauses = client(Script([httpx.Response(429, headers={"Retry-After": "2"}), OK]))

    await http.get("/x")

    assert (budget.pauses, len(budget.spent), pauses.taken) == ([2.0], 2, [])


async def test_a_limit_whose_body_breaks_off_is_still_a_limit() -> None:
    http, _, _ = client(Script([lambda _: httpx.Response(429, stream=Broken([b'{"co']))]), bounds=ONCE)

    with pytest.raises(RateLimited):
        await http.get("/x")


async def test_a_server_that_names_a_long_wait_is_not_asked_again() -> None:
    script = Script([httpx.Response(503, headers={"Retry-After": "120"})])
    http, _, _ = client(script)

    with pytest.raises(SourceUnavailable) as caught:
        await http.get("/x")

    assert (caught.value.retry_after, len(script.requests)) == (120, 1)


async def test_a_body_has_a_bound() -> None:
    http, _, _ = client(Script([httpx.Response(200, json=["x" * 100])]), bounds=Bounds(attempts=1, body_bytes=100))

    with pytest.raises(SourceUnavailable, match="longer than 100 bytes"):
        await http.get("/x")


async def test_an_answer_has_a_time() -> None:
    async def silent(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)

    http, _, _ = client(silent, bounds=Bounds(attempts=1, total=timedelta(milliseconds=20)))  # type: ignore[arg-type]

    with pytest.raises(SourceUnavailable, match="no whole answer"):
        await http.get("/x")


async def test_a_circuit_opens_after_failures_in_a_row_and_says_why() -> None:
    script = Script([httpx.Response(500, json={"msg": "oops"})])
    http, _, _ = client(script, bounds=ONCE)
    for _ in range(5):
        with pytest.raises(SourceUnavailable, match="oops"):
            await http.get("/x")

    with pytest.raises(SourceUnavailable, match="failed 5 times in a row: status 500: oops") as caught:
        await http.get("/x")

    (status,) = http.circuits()
    assert (caught.value.retry_after, len(script.requests)) == (5.0, 5)
    assert (status.state, status.failures, status.reason) == (CircuitState.OPEN, 5, "status 500: oops")


async def test_refusals_and_limits_open_no_circuit() -> None:
    http, _, _ = client(Script([httpx.Response(400), httpx.Response(429)]), bounds=ONCE)
    for _ in range(8):
        with pytest.raises((SourceRefused, RateLimited)):
            await http.get("/x")

    assert http.circuits()[0].state is CircuitState.CLOSED


async def test_paths_can_share_a_circuit() -> None:
    http, _, _ = client(Script([OK]))
    for product in ("BTC-USD", "ETH-USD"):
        await http.get(f"/products/{product}/trades", endpoint="/products/…/trades")

    assert [status.endpoint for status in http.circuits()] == ["/products/…/trades"]


async def test_endpoints_have_circuits_of_their_own() -> None:
    http, _, _ = client(lambda request: OK if request.url.path == "/fine" else httpx.Response(500), bounds=ONCE)
    for _ in range(5):
        with pytest.raises(SourceUnavailable):
            await http.get("/broken")

    assert (await http.get("/fine")).body == b"[1]"


async def test_a_file_arrives_whole(tmp_path: Path) -> None:
    http, _, _ = client(Script([httpx.Response(200, content=b"PK" + b"x" * 3_000_000)]))

    assert await http.download("/a.zip", tmp_path / "a.zip", endpoint="archives", magic=b"PK")
    assert {name: len(body) for name, body in files_in(tmp_path).items()} == {"a.zip": 3_000_002}


async def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    http, _, _ = client(Script([httpx.Response(404, text="<Error>NoSuchKey</Error>")]))

    assert not await http.download("/a.zip", tmp_path / "a.zip", endpoint="archives")
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(200, stream=Broken([b"PK", b"x" * 1000])),
        lambda _: httpx.Response(200, text="<html>come back later</html>"),
        lambda _: httpx.Response(200, content=b"PK" + b"x" * 5000),
        lambda _: httpx.Response(200, content=b""),
    ],
    ids=["cut", "html", "too long", "empty"],
)
async def test_a_file_that_is_not_whole_leaves_nothing(
    tmp_path: Path, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    http, _, _ = client(Script([answer]), bounds=Bounds(attempts=2, file_bytes=2000))

    with pytest.raises(SourceUnavailable):
        await http.download("/a.zip", tmp_path / "a.zip", endpoint="archives", magic=b"PK")

    assert files_in(tmp_path) == {}


async def test_a_cut_download_does_not_touch_the_file_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK whole")
    http, _, _ = client(Script([lambda _: httpx.Response(200, stream=Broken([b"PK half"]))]), bounds=ONCE)

    with pytest.raises(SourceUnavailable):
        await http.download("/a.zip", tmp_path / "a.zip", endpoint="archives")

    assert (tmp_path / "a.zip").read_bytes() == b"PK whole"


async def test_a_folder_that_takes_no_file_says_so(tmp_path: Path) -> None:
    http, _, _ = client(Script([httpx.Response(200, content=b"PK")]))

    with pytest.raises(ArchiveStoreUnavailable, match="No such file or directory"):
        await http.download("/a.zip", tmp_path / "nowhere" / "a.zip", endpoint="archives")


async def test_a_cancelled_download_leaves_nothing(tmp_path: Path) -> None:
    begun = asyncio.Event()

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            yield b"PK" + b"x" * 2_000_000
            begun.set()
            await asyncio.Event().wait()

    http, _, _ = client(Script([lambda _: httpx.Response(200, stream=Endless())]))
    task = asyncio.create_task(http.download("/a.zip", tmp_path / "a.zip", endpoint="archives"))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert files_in(tmp_path) == {}


async def test_the_client_waits_with_a_clock_it_was_given() -> None:
    clock = FrozenClock()
    script = Script([*[httpx.Response(500)] * 5, OK])
    http, _, _ = client(script, bounds=ONCE, clock=clock)
    for _ in range(5):
        with pytest.raises(SourceUnavailable):
            await http.get("/x")
    clock.moment += timedelta(seconds=5)

    assert (await http.get("/x")).body == b"[1]"
    assert http.circuits()[0].state is CircuitState.CLOSED


async def test_a_small_file_comes_as_received() -> None:
    http, budget, _ = client(Script([httpx.Response(200, content=b"PK and the rest")]))
    payload = await http.get_file("/rates.zip", magic=b"PK", largest=100)
    assert (payload.endpoint, payload.body, budget.spent) == ("/rates.zip", b"PK and the rest", [1])


@pytest.mark.parametrize(
    ("body", "reason"), [(b"<html>", "something else than the file"), (b"PK" + bytes(99), "longer than 100 bytes")]
)
async def test_a_small_file_that_is_none_is_asked_for_again_and_given_up(body: bytes, reason: str) -> None:
    http, budget, _ = client(Script([httpx.Response(200, content=body)]))
    with pytest.raises(SourceUnavailable, match=reason):
        await http.get_file("/rates.zip", magic=b"PK", largest=100)
    assert len(budget.spent) == 4


async def test_what_is_hidden_is_asked_with_and_shown_nowhere() -> None:
    script = Script([httpx.Response(200, text="{}")])
    http, _, _ = client(script, hidden={"apikey": "SESAME"})
    payload = await http.get("/query", {"function": "X"})
    assert dict(script.requests[0].url.params) == {"function": "X", "apikey": "SESAME"}
    assert payload.endpoint == "/query?function=X"
