"""How Schemathesis writes our scalars: half of the values in order, half of them not (`SCHEMATHESIS_HOOKS`)."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from attacks.values import BY_TYPE


def _register(name: str, fine: st.SearchStrategy[str]) -> None:
    hostile = [value for value in BY_TYPE[name] if isinstance(value, str) and value.isprintable()]
    schemathesis.graphql.scalar(name, st.one_of(fine, st.sampled_from(hostile)).map(nodes.String))


_register("BigInt", st.integers(-(2**63), 2**63 - 1).map(str))
_register("Date", st.dates().map(str))
_register("DateTime", st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"))
_register("Decimal", st.decimals(allow_nan=False, allow_infinity=False, places=8).map(str))
_register("Duration", st.sampled_from(["PT1S", "PT1M", "PT5M", "PT4H", "P1D", "P1W", "P1M", "P10Y"]))
