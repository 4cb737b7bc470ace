"""Which subscriptions are executed together."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.domain.access import Role
from candlewick.graphql.documents import Documents
from candlewick.graphql.execution import Operation
from candlewick.graphql.following.sameness import Beginning, Sameness, beginning_of, sameness
from candlewick.graphql.limits import Limits
from candlewick.graphql.parameters import Parameters
from candlewick.graphql.schema import core, schema

DOCUMENTS = Documents(core(schema), Limits())
QUERY = """subscription ($keys: [String!]!, $start: String) {
  trades(instruments: $keys, after: $start) { ... on TradeBatch { cursor } }
}"""


def same(query: str = QUERY, role: Role | None = None, **variables: Any) -> Sameness | None:
    operation = Operation.of(DOCUMENTS.prepare(query), Parameters(query, None, variables))
    return sameness(operation, role, beginning_of(operation.document))


def test_whoever_begins_elsewhere_follows_the_same() -> None:
    now, later, null = same(keys=["x"]), same(keys=["x"], start="cursor"), same(keys=["x"], start=None)
    assert now
    assert later
    assert null
    assert now.key == later.key == null.key
    assert (now.resumes, later.resumes, null.resumes) == (False, True, False)
    assert later.operation.variables == {"keys": ["x"]}


def test_the_order_of_variables_does_not_matter() -> None:
    query = """subscription ($keys: [String!]!, $every: Duration!) {
      candles(instruments: $keys, spec: {time: {every: $every}}) { __typename }
    }"""
    one, other = same(query, keys=["x"], every="PT1M"), same(query, every="PT1M", keys=["x"])
    assert one
    assert other
    assert one.key == other.key


def test_other_variables_roles_or_texts_are_others() -> None:
    found = [same(keys=["x"]), same(keys=["y"]), same(keys=["x"], role=Role.READ), same(QUERY + " ", keys=["x"])]
    assert len({each.key for each in found if each}) == 4


@pytest.mark.parametrize(
    "query",
    [
        'subscription { trades(instruments: ["x"], after: "cursor") { __typename } }',
        'subscription ($a: String = "cursor") { trades(instruments: ["x"], after: $a) { __typename } }',
        "subscription ($a: String!) { trades(instruments: [$a], after: $a) { __typename } }",
    ],
)
def test_what_says_in_other_ways_where_it_begins_stands_alone(query: str) -> None:
    assert same(query, a="x") is None


def test_a_subscription_that_cannot_resume_is_shared_too() -> None:
    query = 'subscription { quotes(instruments: ["x"]) { __typename } }'
    assert beginning_of(Operation.of(DOCUMENTS.prepare(query), Parameters(query, None, None)).document) == Beginning(
        None
    )
    assert same(query) is not None


def test_the_variable_may_stand_behind_a_fragment() -> None:
    query = """subscription ($a: String) { ...T }
    fragment T on Subscription { trades(instruments: ["x"], after: $a) { __typename } }"""
    found = same(query, a="cursor")
    assert found
    assert found.resumes
