"""The examples of the contract document as requests and answers that can be sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import requests

from tests.support.contract import DOCUMENT, Contract, read_document
from tests.support.contract_rules import API_KEY, FORM, MULTIPART, OAUTH2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.contract_rules import Operation

CREDENTIALS = {API_KEY: ("X-SmartToken", "DCRA1-example"), OAUTH2: ("Authorization", "Bearer example-token")}

# The smallest picture there is; the document has no example of a file.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000005000156d3a3b40000000049454e44ae426082"
)


@dataclass(frozen=True)
class ExampleRequest:
    """
    A request of the document.

    :param operation: operation it belongs to.
    :param name: name of the example.
    :param target: request target with example ids.
    :param content_type: media type of the body, ``None`` without one.
    :param body: encoded body.
    """

    operation: Operation
    name: str
    target: str
    content_type: str | None = None
    body: bytes = b""

    def headers(self, auth: str = API_KEY) -> list[tuple[str, str]]:
        """
        Return the headers to send.

        :param auth: security scheme of the document, ``smartToken`` or ``oauth2``.
        """
        headers = [CREDENTIALS[auth]] if self.operation.secured else []
        return headers if self.content_type is None else [*headers, ("Content-Type", self.content_type)]


@dataclass(frozen=True)
class ExampleAnswer:
    """
    An answer of the document.

    :param operation: operation it belongs to.
    :param name: name of the example.
    :param target: request target with example ids.
    :param status: status code.
    :param headers: documented headers and the content type.
    :param body: encoded body, empty where none is documented.
    """

    operation: Operation
    name: str
    target: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


def example_requests() -> Iterator[ExampleRequest]:
    """Yield every example request of the document; a body without an example is skipped."""
    for operation, node in _operations():
        target = example_target(operation)
        if not operation.takes_body:
            yield ExampleRequest(operation, "plain", target)
        for media_type, content in node.get("requestBody", {}).get("content", {}).items():
            for name, value in _examples(content):
                yield _encoded(operation, name, target, media_type, value)
            if media_type == MULTIPART:
                yield _encoded(operation, "file", target, media_type, None)


def example_answers() -> Iterator[ExampleAnswer]:
    """Yield every example answer of the document, and one for each answer without a body."""
    for operation, _ in _operations():
        for status_text, answer in operation.responses.items():
            status, target = int(status_text.replace("X", "0")), example_target(operation)
            headers = [(name, "8") for name in answer.get("headers", ())]
            if "content" not in answer:
                yield ExampleAnswer(operation, "empty", target, status, headers)
            for media_type, content in answer.get("content", {}).items():
                for name, value in _examples(content):
                    typed = [*headers, ("Content-Type", media_type)]
                    yield ExampleAnswer(operation, name, target, status, typed, json.dumps(value).encode())


def write_requests() -> dict[str, ExampleRequest]:
    """Return one example request for each of the writes, by use case id."""
    return {
        use_case: request
        for request in example_requests()
        if (use_case := request.operation.use_case(request.body)) is not None
    }


def example_target(operation: Operation) -> str:
    """
    Fill an operation's path and required query with example values.

    :param operation: operation of the contract.
    :return: request target.
    """
    target = operation.path
    query = []
    for parameter in operation.parameters:
        value = str(parameter.get("example", "example-id"))
        if parameter["in"] == "path":
            target = target.replace("{" + parameter["name"] + "}", value)
        elif parameter["in"] == "query" and parameter.get("required"):
            query.append(f"{parameter['name']}={value}")
    return f"{target}?{'&'.join(query)}" if query else target


def _encoded(operation: Operation, name: str, target: str, media_type: str, value: Any) -> ExampleRequest:
    # requests is the encoder, so that the checks meet what a client puts on the wire.
    options: dict[str, Any] = {"json": value, "headers": {"Content-Type": media_type}}
    if media_type == MULTIPART:
        options = {"files": dict.fromkeys(operation.files, ("example.png", PNG, "image/png"))}
    elif media_type == FORM:
        options = {"data": value}
    prepared = requests.Request(operation.method, f"http://example{target}", **options).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
    return ExampleRequest(operation, name, target, prepared.headers["Content-Type"], body)


def _examples(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if "example" in content:
        yield "example", content["example"]
    for name, example in content.get("examples", {}).items():
        yield name, example["value"]


def _operations() -> Iterator[tuple[Operation, dict[str, Any]]]:
    for operation in Contract.load().operations.values():
        yield operation, _document()["paths"][operation.path][operation.method.lower()]


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    document: dict[str, Any] = read_document(DOCUMENT)
    return document
