"""Documents that cost more than they look: bombs, cycles, widths and depths."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import get_introspection_query

from attacks.paths import KEY

PAGE = "candles(spec: {interval: M1}, last: 5000) { nodes { openTime open high low close volume } }"


def hostile_documents() -> Iterator[tuple[str, str]]:
    """Each with a name. All of them are to be refused."""
    yield from _many()
    yield from _deep()
    yield from _fragments()
    yield from _dear()
    yield from _broken()


def _many() -> Iterator[tuple[str, str]]:
    yield "10,000 fields", "{ " + "__typename " * 10_000 + "}"
    yield "10,000 different fields", "{ " + " ".join(f"field{n}" for n in range(9_000)) + " }"
    yield "500 aliases", "{ service { " + " ".join(f"a{n}: version" for n in range(500)) + " } }"
    yield "51 aliases in fragments", (
        "{ service { ...A ...B } } "
        + "fragment A on ServiceInfo { " + " ".join(f"a{n}: version" for n in range(26)) + " } "
        + "fragment B on ServiceInfo { " + " ".join(f"b{n}: version" for n in range(26)) + " }"
    )  # fmt: skip
    yield "31 root fields", "{ " + " ".join(f"a{n}: service {{ version }}" for n in range(31)) + " }"
    yield (
        "root fields of a mutation",
        "mutation { " + " ".join(f'a{n}: cancelJob(id: "x") {{ __typename }}' for n in range(31)) + " }",
    )
    yield "1,000 directives", "{ service " + "@skip(if: false) " * 1_000 + "{ version } }"
    yield "unknown directives", "{ service " + " ".join(f"@d{n}" for n in range(200)) + " { version } }"
    yield "directives on the operation", "query Q " + "@a " * 100 + "{ __typename }"
    yield "1,000 operations", " ".join(f"query Q{n} {{ __typename }}" for n in range(400))
    yield "1,000 variables", "query Q(" + " ".join(f"$v{n}: Int" for n in range(600)) + ") { __typename }"
    yield "1,000 arguments", "{ instruments(" + " ".join(f"a{n}: 1" for n in range(600)) + ") { nodes { key } } }"
    yield (
        "many conflicting fields",
        "{ service { " + " ".join(f"a: version b{n % 40}: edition" for n in range(200)) + " } }",
    )
    yield "a list of 10,000", "{ instruments(filter: [" + "1 " * 10_000 + "]) { nodes { key } } }"


def _deep() -> Iterator[tuple[str, str]]:
    for depth in (13, 100, 1_000, 10_000, 30_000):
        yield f"{depth} levels", "{ a " * depth + "}" * depth
        yield f"{depth} lists", "{ a(b: " + "[" * depth + "]" * depth + ") }"
        yield f"{depth} objects", "{ a(b: " + "{c: " * depth + "1" + "}" * depth + ") }"
        yield f"{depth} open brackets", "{" * depth
        yield f"{depth} list types", "query Q($a: " + "[" * depth + "Int" + "]" * depth + ") { __typename }"
    for depth in (100, 1_000, 10_000):
        yield f"{depth} inline fragments", "{" + " ... {" * depth + " __typename " + "}" * depth + "}"
    yield "13 levels of types", "{ instruments { nodes " + "{ base " * 13 + "{ code }" + " }" * 13 + " } }"
    yield (
        "a depth of fragments",
        (
            "{ instruments { nodes { ...F0 } } } "
            + " ".join(f"fragment F{n} on Instrument {{ base {{ ...F{n + 1} }} }}" for n in range(20))
            + " fragment F20 on Instrument { key }"
        ),
    )
    yield "a depth of introspection", "{ __schema { types " + "{ fields { type " * 4 + "{ name }" + " } }" * 4 + " } }"


def _fragments() -> Iterator[tuple[str, str]]:
    for base in (2, 3, 10):
        spread = " ".join(["...F{1}"] * base)
        level = f"fragment F{{0}} on Query {{{{ {spread} }}}}"
        bomb = " ".join(level.format(n, n + 1) for n in range(25))
        yield f"2^25 by {base}", f"{{ ...F0 }} {bomb} fragment F25 on Query {{ service {{ version }} }}"
    aliased = " ".join(
        f"fragment F{n} on Instrument {{ a: base {{ ...A }} ...F{n + 1} b: quote {{ ...A }} ...F{n + 1} }}"
        for n in range(25)
    )
    yield (
        "an aliased bomb",
        (
            f"{{ instruments {{ nodes {{ ...F0 }} }} }} {aliased} "
            "fragment F25 on Instrument { key } fragment A on Asset { code }"
        ),
    )
    yield "a fragment of itself", "{ ...F } fragment F on Query { ...F }"
    yield (
        "a fragment of itself, deeper",
        "{ ...F } fragment F on Query { node(id: 1) { ...G } } fragment G on Node { ...G }",
    )
    yield "a cycle of two", "{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A }"
    ring = " ".join(f"fragment F{n} on Query {{ ...F{(n + 1) % 28} }}" for n in range(28))
    yield "a ring of fragments", f"{{ ...F0 }} {ring}"
    yield "an unused cycle", "{ __typename } fragment A on Query { ...B } fragment B on Query { ...A }"
    yield "a spread of nothing", "{ ...Nothing }"
    yield "the same fragment twice", "{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }"
    yield "a fragment called on", "{ ...on } fragment on on Query { __typename }"
    yield "a fragment on a scalar", "{ ...F } fragment F on Int { __typename }"
    spreads = "...F " * 400
    yield (
        "500 spreads",
        f"{{ {spreads} }} fragment F on Query {{ service {{ version edition }} }} fragment F2 on Query {{ ...F }}",
    )
    wide = "fragment W on Candle { " + "open close " * 240 + "}"
    yield (
        "a wide fragment often",
        "{ instruments { nodes { candles(spec: {interval: M1}) { nodes { ...W ...W ...W } } } } } " + wide,
    )


def _dear() -> Iterator[tuple[str, str]]:
    yield "all candles of all instruments", f"{{ instruments(first: 500) {{ nodes {{ {PAGE} }} }} }}"
    yield "40 pages", _of_instrument(" ".join(f"a{n}: {PAGE}" for n in range(40)))
    trades = "trades(last: $n) { nodes { price } }"
    yield "a default that is dear", f"query Q($n: Int = 5000) {{ instruments(first: 500) {{ nodes {{ {trades} }} }} }}"
    yield "all bodies", _of_instrument("trades(last: 5000) { nodes { payload { body } } }")
    types = "types { fields { args { name description type { name kind ofType { name } } } } }"
    yield "the schema 40 times", "{ __schema { " + " ".join(f"t{n}: {types}" for n in range(40)) + " } }"
    yield "a page of a million", "{ instruments(first: 1000000) { nodes { key } } }"
    yield "a page of minus one", "{ instruments(first: -1) { nodes { key } } }"
    yield "a page of nothing", _of_instrument("candles(spec: {interval: M1}, last: 0) { nodes { open } }")
    yield "both ends", _of_instrument("trades(first: 1, last: 1) { nodes { price } }")
    yield "no width", _of_instrument("candles(spec: {}) { nodes { open } }")
    yield "two widths", _of_instrument('candles(spec: {interval: M1, time: {every: "PT1M"}}) { nodes { open } }')
    backwards = '{from: "2024-08-09T00:00:00Z", to: "2024-08-08T00:00:00Z"}'
    yield "a range that ends before it starts", _of_instrument(f"trades(range: {backwards}) {{ nodes {{ price }} }}")


def _of_instrument(selected: str) -> str:
    return f'{{ instrument(key: "{KEY}") {{ {selected} }} }}'


def _broken() -> Iterator[tuple[str, str]]:
    texts = {
        "nothing": "",
        "blank": "   \n\t,,, ",
        "a comment": "# " + "x" * 50_000,
        "a byte order mark": "\ufeff{",
        "a brace": "{",
        "a closing brace": "}",
        "a NUL": "{ \x00 }",
        "half a string": '{ a(b: "',
        "half a block string": '{ a(b: """',
        "a bad escape": r'{ a(b: "\q") }',
        "a bad code point": r'{ a(b: "\u{110000}") }',
        "half a surrogate pair": r'{ a(b: "\ud800") }',
        "a surrogate code point": r'{ a(b: "\u{d800}") }',
        "a huge number": "{ instruments(first: " + "9" * 5_000 + ") { nodes { key } } }",
        "a huge exponent": "{ instruments(first: 1e" + "9" * 30 + ") { nodes { key } } }",
        "a long name": "{ " + "a" * 50_000 + " }",
        "a long alias": "{ " + "a" * 200 + ": __typename }",
        "a long string": '{ instrument(key: "' + "x" * 50_000 + '") { key } }',
        "a long variable": "query($" + "v" * 300 + ": Int) { __typename }",
        "control characters": "{ \x01\x02\x7f }",
        "emoji": "{ 👾 }",
        "a homoglyph": "{ ѕervice { version } }",
        "a type system": "type Query { a: Int }",
        "an extension": "extend type Query { a: Int }",
        "a schema": "schema { query: Query }",
        "SQL": "SELECT * FROM instrument",
        "HTML": "<html></html>",
        "an unknown field": "{ instrumants { nodes { key } } }",
        "an unknown type": "{ ... on Instrumant { key } }",
        "an unknown argument": "{ instruments(frist: 1) { nodes { key } } }",
        "no selection": "{ service }",
        "a selection of a scalar": "{ service { version { a } } }",
        "an undefined variable": "{ instruments(first: $n) { nodes { key } } }",
        "a variable of an output type": "query($a: Instrument) { __typename }",
        "a variable of no type": "query($a: Nope) { __typename }",
        "a variable twice": "query($a: Int, $a: Int) { __typename @skip(if: false) }",
        "a variable's variable": "query($a: Int = $b) { __typename }",
        "two anonymous operations": "{ __typename } { __typename }",
        "two of one name": "query A { __typename } query A { __typename }",
        "a subscription to two": 'subscription { a: job(id: "x") { id } b: job(id: "y") { id } }',
        "a subscription to introspection": "subscription { __typename }",
        "__schema of a mutation": "mutation { __scheme { types { name } } }",
        "a private field": "{ service { __class__ } }",
        "@defer": "{ ... @defer { service { version } } }",
        "@stream": "{ instruments { nodes @stream { key } } }",
        "@oneOf": "{ __typename @oneOf }",
        "@deprecated": "{ __typename @deprecated }",
    }
    yield from texts.items()


def affordable_documents() -> Iterator[tuple[str, str]]:
    """At the edge, but allowed."""
    yield "the whole schema", get_introspection_query(specified_by_url=True, input_value_deprecation=True)
    yield "50 aliases", "{ service { " + " ".join(f"a{n}: version" for n in range(50)) + " } }"
    yield (
        "50 directives",
        "{ service " + "@skip(if: false) " + "{ version " + "... @include(if: true) { version } " * 48 + "} }",
    )
    yield "12 levels", "{ " + "... { " * 10 + "service { version }" + " }" * 10 + " }"
    yield "a document of comments", "{ __typename } # " + "x" * 50_000
