"""Commands on private services: one after the other, on one data folder."""

from __future__ import annotations

import json

from binance_files import NAME, trade_line, trade_lines, write_zip
from command_line import Candlewick


def test_an_import_says_what_became_of_every_row(candlewick: Candlewick) -> None:
    path = write_zip(candlewick.data_dir / NAME, [*trade_lines(3), trade_line(3, price="free")])
    command = ("import", str(path), "--instrument", "binance:BTC-USDT")

    first = candlewick.run(*command, "--json")
    (result,) = json.loads(first.stdout)
    assert (first.returncode, result["status"]) == (1, "partly")
    assert (result["lines"], result["stored"], result["dead"]) == (4, 3, 1)

    again = candlewick.run(*command)
    assert "was imported before" in again.stdout


def test_a_key_is_shown_once_and_can_be_revoked(candlewick: Candlewick) -> None:
    made = candlewick.run("keys", "create", "--role", "operator", "--name", "nightly", "--json")
    secret, prefix = (json.loads(made.stdout)[name] for name in ("key", "prefix"))
    listed = candlewick.run("keys", "list", "--json")
    revoked = candlewick.run("keys", "revoke", prefix)

    assert made.returncode == revoked.returncode == 0
    assert secret.startswith(prefix)
    assert [(key["name"], key["role"]) for key in json.loads(listed.stdout)] == [("nightly", "operator")]
    assert secret not in listed.stdout + made.stderr
    assert candlewick.run("keys", "revoke", prefix).returncode == 1


def test_the_doctor_finds_a_prepared_machine_well(candlewick: Candlewick) -> None:
    assert "to " in candlewick.run("migrate").stdout
    found = candlewick.run("doctor", "--json")

    severities = {finding["check"]: finding["severity"] for finding in json.loads(found.stdout)}
    assert severities["migrations"] == severities["redis durability"] == severities["clock"] == "ok"
    assert "failure" not in {severity for check, severity in severities.items() if check != "port"}
