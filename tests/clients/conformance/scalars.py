"""Values of our scalars for schemathesis: some that are good, some that only look like it."""

from __future__ import annotations

from hypothesis import strategies as st
from schemathesis import graphql
from schemathesis.graphql import nodes

LIES = st.sampled_from(
    ["", " ", "NaN", "-Infinity", "1e400", "0x1f", "1_0", "9" * 300, "\u0664", "P", "PT", "2024-02-30"]
)

graphql.scalar("Decimal", st.one_of(st.decimals(-(10**9), 10**9, places=6).map(str), LIES).map(nodes.String))
graphql.scalar("BigInt", st.one_of(st.integers(-(2**70), 2**70).map(str), LIES).map(nodes.String))
graphql.scalar("Date", st.one_of(st.dates().map(str), LIES).map(nodes.String))
graphql.scalar("Duration", st.one_of(st.integers(-5, 10**9).map("PT{}S".format), LIES).map(nodes.String))
