"""The parameters of a request over HTTP (GraphQL over HTTP, sections 5.2 to 5.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import orjson
from starlette.requests import Request

from candlewick.graphql.http.body import read_body
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.limits import Limits
from candlewick.graphql.parameters import InvalidParameters, Parameters

_JSON_BODY: Final = re.compile(r"application/json\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?", re.IGNORECASE)


async def read_parameters(request: Request, limits: Limits) -> Parameters:
    """Take them from the URL of a GET or the JSON body of a POST.

    A POST has to be application/json, which a page of another origin cannot send unasked.

    Raises:
        HttpFault: they are not there, or not of the types that the specification says.
    """
    raw = await _json_body(request, limits) if request.method == "POST" else _from_url(request.query_params, limits)
    try:
        return Parameters.of(raw)
    except InvalidParameters as exc:
        raise HttpFault(400, str(exc)) from exc


async def _json_body(request: Request, limits: Limits) -> object:
    if not _JSON_BODY.fullmatch(request.headers.get("content-type", "").strip()):
        raise HttpFault(
            415, "Send the request as application/json in UTF-8.", headers={"accept-post": "application/json"}
        )
    return _json(await read_body(request, limits), "body")


def _from_url(values: Mapping[str, str], limits: Limits) -> dict[str, object]:
    if sum(map(len, values.values())) > limits.body_bytes:
        raise HttpFault(414, "The URL is too long; send the request with POST.", facts={"limit": limits.body_bytes})
    raw: dict[str, object] = {name: values[name] for name in ("query", "operationName", "documentId") if name in values}
    for name in ("variables", "extensions"):
        if values.get(name):
            raw[name] = _json(values[name], f"`{name}`")
    return raw


def _json(text: bytes | str, what: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise HttpFault(400, f"The {what} is no JSON: {exc.msg}.", facts={"position": exc.pos}) from exc
