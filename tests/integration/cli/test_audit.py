"""`candlewick raw`, `replay` and `dead-letters` on a database of their own."""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256
from typing import Any

from binance_files import NAME, trade_line, trade_lines, write_zip
from candlewick.cli.exit_codes import ExitCode
from command_line import Candlewick

KEY = "binance:BTC-USDT"


def said(candlewick: Candlewick, *arguments: str) -> Any:
    done = candlewick.run(*arguments, "--json")
    return json.loads(done.stdout)


def test_what_is_kept_can_be_looked_at_read_again_and_tried_again(candlewick: Candlewick) -> None:
    path = write_zip(candlewick.data_dir / NAME, [*trade_lines(5), trade_line(9, price="nothing")])
    imported = candlewick.run("import", str(path), "--instrument", KEY)
    assert imported.returncode == ExitCode.FAILED, imported.stderr

    [origin] = said(candlewick, "raw", KEY, "3735683002")
    assert (origin["source"], origin["endpoint"], origin["bytes"]) == ("binance", NAME, path.stat().st_size)
    assert origin["file"].endswith(origin["sha256"])
    shown = candlewick.run("raw", KEY, "3735683002")
    assert f"endpoint:         {NAME}" in shown.stdout
    unknown = candlewick.run("raw", KEY, "1")
    assert (unknown.returncode, "has no trade with the sequence 1" in unknown.stderr) == (ExitCode.FAILED, True)

    done = said(candlewick, "replay")
    assert {name: done[name] for name in ("files", "rows", "stored", "repeated", "dead", "left_out")} == {
        "files": 1, "rows": 6, "stored": 0, "repeated": 5, "dead": 1, "left_out": 0
    }  # fmt: skip
    job = said(candlewick, "replay", "--source", "binance", "--detach")
    assert (job["kind"], job["status"], job["steps"], job["about"]) == ("replay", "queued", 1, "binance")

    [letter] = said(candlewick, "dead-letters", "list")
    assert (letter["kind"], letter["subject"], letter["tries"]) == ("malformed", KEY, 2)
    assert (
        "price 'nothing' is no decimal number" in candlewick.run("dead-letters", "show", str(letter["letter"])).stdout
    )
    [retried] = said(candlewick, "dead-letters", "retry", "--kind", "malformed")
    assert (retried["letter"], retried["result"], retried["reason"]) == (letter["letter"], "queued", None)
    assert said(candlewick, "dead-letters", "list", "--kind", "clash") == []


def test_a_file_that_its_venue_replaced_is_told(candlewick: Candlewick) -> None:
    path = write_zip(candlewick.data_dir / NAME, trade_lines(5))
    candlewick.run("import", str(path), "--instrument", KEY)
    digest = sha256(path.read_bytes()).hexdigest()
    listed = candlewick.data_dir / "updates.csv"
    listed.write_text(f"File,Old,New\n{NAME},{digest}  {NAME},{'0' * 64}  {NAME}\n")

    done = candlewick.run("replaced", str(listed), "--json")
    assert done.returncode == ExitCode.FAILED, done.stderr
    assert json.loads(done.stdout) == [{"file": NAME, "state": "outdated", "imported": digest, "new": "0" * 64}]

    corrected = write_zip(path, trade_lines(6))
    candlewick.run("import", str(corrected), "--instrument", KEY)
    listed.write_text(listed.read_text().replace("0" * 64, sha256(path.read_bytes()).hexdigest()))
    done = candlewick.run("replaced", str(listed))
    assert (done.returncode, "current" in done.stdout) == (0, True), done.stderr

    listed.write_text(listed.read_text().replace(NAME, NAME.replace("08-08", "08-09")))
    assert "None of 1 replaced files was imported." in candlewick.run("replaced", str(listed)).stdout
    for arguments, code, words in (
        ((str(path),), ExitCode.FAILED, "it is no"),
        ((str(listed), "--source", "coinbase"), ExitCode.USAGE, "publishes no lists of replaced files"),
    ):
        done = candlewick.run("replaced", *arguments)
        assert (done.returncode, words in " ".join(done.stderr.split())) == (code, True), done.stderr


def test_what_there_is_not_is_said(candlewick: Candlewick) -> None:
    for arguments, code, words in (
        (("replay", "--source", "nobody"), ExitCode.FAILED, "there is no source 'nobody'"),
        (("replay", "--from", "2024-08-09", "--to", "2024-08-08"), ExitCode.USAGE, "must be after"),
        (("dead-letters", "show", "7"), ExitCode.FAILED, "there is no dead letter 7"),
        (("dead-letters", "retry", "7"), ExitCode.FAILED, "there is no dead letter 7"),
        (("dead-letters", "retry"), ExitCode.USAGE, "say which"),
        (("dead-letters", "retry", "7", "--kind", "job"), ExitCode.USAGE, "not both"),
        (("raw", KEY, "7"), ExitCode.FAILED, "there is no instrument"),
    ):
        done = candlewick.run(*arguments)
        assert (done.returncode, words in " ".join(done.stderr.split())) == (code, True), (arguments, done.stderr)
        assert "Traceback" not in done.stderr


def test_a_price_that_was_imported_converts_amounts(candlewick: Candlewick) -> None:
    path = write_zip(candlewick.data_dir / NAME, trade_lines(5))
    candlewick.run("import", str(path), "--instrument", KEY)

    known = said(candlewick, "price", "BTC", "--quote", "USDT", "--at", "2024-08-08T23:59Z")
    [contribution] = known["contributions"]
    assert (known["price"], known["left_out"]) == (contribution["price"], [])
    there = said(candlewick, "convert", "2", "BTC", "USDT", "--at", "2024-08-08T23:59Z")
    assert there["result"] == str(2 * Decimal(known["price"]))
    shown = candlewick.run("convert", "2", "BTC", "USDT", "--at", "2024-08-08T23:59Z")
    assert shown.stdout.startswith(f"2 BTC = {there['result']} USDT")
    unknown = candlewick.run("price", "BTC", "--quote", "USDT")
    assert (unknown.returncode, "stale" in unknown.stdout) == (ExitCode.FAILED, True)
    assert "there is no asset 'GOLD'" in candlewick.run("price", "GOLD").stderr
