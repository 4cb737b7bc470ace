"""The parameters of a GraphQL request (GraphQL over HTTP, sections 5.1 to 5.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request

from candlewick.graphql.http.body import read_body
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.limits import Limits

_JSON_BODY: Final = re.compile(r"application/json\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?", re.IGNORECASE)
_BATCH: Final = (
    "The body is a list. Batches are not served: send one operation a request, HTTP/1.1 keeps the connection."
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a client asks to be run."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None

    @classmethod
    async def read(cls, request: Request, limits: Limits) -> Parameters:
        """Take them from the URL of a GET or the JSON body of a POST.

        A POST has to be application/json, which a page of another origin cannot send unasked.

        Raises:
            HttpFault: they are not there, or not of the types that the specification says.
        """
        if request.method == "POST":
            return _from_object(await _json_body(request, limits))
        return _from_url(request.query_params, limits)


async def _json_body(request: Request, limits: Limits) -> object:
    if not _JSON_BODY.fullmatch(request.headers.get("content-type", "").strip()):
        raise HttpFault(
            415, "Send the request as application/json in UTF-8.", headers={"accept-post": "application/json"}
        )
    return _json(await read_body(request, limits), "body")


def _from_url(values: Mapping[str, str], limits: Limits) -> Parameters:
    if sum(map(len, values.values())) > limits.body_bytes:
        raise HttpFault(414, "The URL is too long; send the request with POST.")
    raw: dict[str, object] = {name: values[name] for name in ("query", "operationName") if name in values}
    for name in ("variables", "extensions"):
        if values.get(name):
            raw[name] = _json(values[name], f"`{name}`")
    return _from_object(raw)


def _from_object(raw: object) -> Parameters:
    if not isinstance(raw, dict):
        raise HttpFault(400, _BATCH if isinstance(raw, list) else "The body is no JSON object.")
    query, name = raw.get("query"), raw.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise HttpFault(400, "`query` is missing or no text: it carries the GraphQL document.")
    if name is not None and not isinstance(name, str):
        raise HttpFault(400, "`operationName` is no text.")
    for field in ("variables", "extensions"):
        if not isinstance(raw.get(field), dict | None):
            raise HttpFault(400, f"`{field}` is no JSON object.")
    return Parameters(query, name or None, raw.get("variables"))


def _json(text: bytes | str, what: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise HttpFault(400, f"The {what} is no JSON: {exc.msg}.") from exc
