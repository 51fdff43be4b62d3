"""
The contract document as a judge of requests and answers.

openapi-core reads the document; what the document leaves open and a client of ours must still never do (an
unknown query parameter, two credentials at once, an unencoded path) is in ``contract_rules``.
"""

from __future__ import annotations

import copy
import os
import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
import yaml
from jsonschema_path import SchemaPath
from openapi_core import V30RequestValidator, V30ResponseValidator
from openapi_core.casting.schemas import oas30_types_caster
from openapi_core.casting.schemas.factories import SchemaCastersFactory
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.exceptions import OperationNotFound, PathError
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.validation.schemas import (
    oas30_read_schema_validators_factory,
    oas30_write_schema_validators_factory,
)
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.support.contract_rules import (
    FORM,
    JSON_PATCH,
    MULTIPART,
    Complaint,
    HeaderPairs,
    Operation,
    body_complaints,
    code_complaints,
    credential_complaints,
    header_complaints,
    load_json,
    load_multipart,
    media_type,
    path_complaints,
    query_complaints,
)
from tests.support.violations import Violation, explain, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openapi_core.templating.paths.datatypes import PathOperationServer
    from openapi_core.validation.schemas.validators import SchemaValidator

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "tests" / "contract" / "smartrecruiters-openapi.yaml"

# Members that semantics.md knows and the document does not. Where: the path of the schema in the document.
ALLOWED_MEMBERS: dict[tuple[str, ...], dict[str, Any]] = {
    # Official access-scopes page: space-separated, and an empty ``scope=`` is an error.
    (
        "paths",
        "/identity/oauth/token",
        "post",
        "requestBody",
        "content",
        "application/x-www-form-urlencoded",
        "schema",
    ): {"scope": {"type": "string", "minLength": 1}},
}

_HOST = "https://api.smartrecruiters.com"


@dataclass
class _Request:
    """openapi-core's protocol of a request."""

    method: str
    path: str
    body: bytes | None
    content_type: str
    parameters: RequestParameters
    host_url: str = _HOST


@dataclass
class _Response:
    """openapi-core's protocol of an answer."""

    data: bytes | None
    status_code: int
    content_type: str
    headers: Headers


class _KeptValidators(SchemaValidatorsFactory):
    """Keeps the compiled validator of each schema: openapi-core compiles one for every value, 2 ms each."""

    def __init__(self, factory: SchemaValidatorsFactory) -> None:
        super().__init__(factory.schema_validator_cls, factory.format_checker)
        self._kept: dict[tuple[Any, ...], SchemaValidator] = {}

    def create(self, spec: SchemaPath, schema: SchemaPath, *args: Any, **kwargs: Any) -> SchemaValidator:
        if schema.parts not in self._kept:
            self._kept[schema.parts] = super().create(spec, schema, *args, **kwargs)
        return self._kept[schema.parts]


class _KeptHeaders(V30ResponseValidator):
    """Remembers which values of which headers are valid: most answers have the same few, a check each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._valid: set[tuple[tuple[Any, ...], str | None]] = set()

    def _get_header(self, headers: Mapping[str, Any], name: str, header: SchemaPath) -> Any:
        seen = (header.parts, headers.get(name))
        if seen not in self._valid:
            super()._get_header(headers, name, header)
            self._valid.add(seen)
        return seen[1]


def _kept(factory: SchemaValidatorsFactory) -> dict[str, Any]:
    """Return the factories of a validator; what it casts is judged by other validators than what it checks."""
    return {
        "schema_validators_factory": _KeptValidators(factory),
        "schema_casters_factory": SchemaCastersFactory(_KeptValidators(factory), oas30_types_caster),
    }


class _KeptPaths(APICallPathFinder):
    """Keeps the operations of the paths seen last: each exchange looks its own up three times."""

    def __init__(self, spec: SchemaPath, base_url: str | None = None) -> None:
        super().__init__(spec, base_url)
        self.find = lru_cache(maxsize=2048)(super().find)  # type: ignore[method-assign]


class Contract:
    """
    Checks requests and answers against an OpenAPI 3.0 document.

    :param document: the document, as loaded from YAML. It is not changed.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        document = dict(copy.deepcopy(document))
        for path, members in ALLOWED_MEMBERS.items():
            schema: Any = document
            for part in path:
                schema = schema[part]
            schema["properties"].update(members)
        self.operations = dict(_operations(document))
        # The credential rule below is the stricter one, and openapi-core stops at the first wrong credential.
        document.pop("security", None)
        for operation in self.operations.values():
            document["paths"][operation.path][operation.method.lower()].pop("security", None)
        # Without its cache, it finds the way to each member of the document anew, for every header of an exchange.
        spec = SchemaPath.from_dict(document, resolved_cache_maxsize=100_000)
        self._paths = _KeptPaths(spec)
        options: dict[str, Any] = {
            "path_finder_cls": lambda *args, **kwargs: self._paths,
            "forbid_unspecified_additional_properties": True,
            "extra_media_type_deserializers": {
                "application/json": load_json,
                JSON_PATCH: load_json,
                MULTIPART: load_multipart,
            },
        }
        self._requests = V30RequestValidator(spec, **_kept(oas30_write_schema_validators_factory), **options)
        self._responses = _KeptHeaders(spec, **_kept(oas30_read_schema_validators_factory), **options)

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> Contract:
        """Return the contract of ``tests/contract``, read once in a process."""
        return cls(read_document(DOCUMENT))

    def operation(self, method: str, target: str) -> Operation | None:
        """
        Find the operation of a request.

        :param method: HTTP method.
        :param target: address or request target, as sent.
        :return: the operation, or ``None`` when the document has none for it.
        """
        try:
            return self._operation(method, split_target(target)[0])
        except PathError:
            return None

    def _operation(self, method: str, path: str) -> Operation:
        if method != method.upper() or "//" in path or path.endswith("/"):
            raise OperationNotFound(path, method)
        found: PathOperationServer = self._paths.find(method.lower(), _HOST + path)
        return self.operations[(found.operation / "operationId").read_str()]

    def check_request(
        self, method: str, target: str, headers: HeaderPairs, body: bytes | None = None
    ) -> list[Violation]:
        """
        Check a request.

        :param method: HTTP method as sent.
        :param target: address or request target exactly as sent, percent-encoding included.
        :param headers: header names and values; pairs, so that a doubled header is seen.
        :param body: request body.
        :return: what is wrong with it; an empty list if nothing is.
        """
        path, query = split_target(target)
        sent, body = Headers(headers), body or b""
        try:
            operation = self._operation(method, path)
        except PathError as error:
            what = "no such method for this path" if isinstance(error, OperationNotFound) else "no such path"
            operation = Operation("?", method, shorten(path), (), {}, frozenset(), frozenset(), False, False, (), {})
            complaints = [("unknown-operation", "path", what), *path_complaints(path, query)]
        else:
            pairs = parse_qsl(query, keep_blank_values=True)
            request = _Request(
                method=method.lower(),
                path=path,
                body=body or None,
                content_type=sent.get("Content-Type", ""),
                parameters=RequestParameters(query=ImmutableMultiDict(pairs), header=sent),
            )
            complaints = [
                *path_complaints(path, query),
                *query_complaints(operation, pairs),
                *header_complaints(sent, has_body=bool(body)),
                *credential_complaints(operation, sent, body),
                *body_complaints(operation, sent, body),
                *_library_complaints(self._requests.iter_errors(request)),
            ]
        return [
            Violation("request", rule, operation.id, method, operation.path, where, what)
            for rule, where, what in dict.fromkeys(complaints)
        ]

    def check_response(
        self, method: str, target: str, status: int, headers: HeaderPairs, body: bytes | None = None
    ) -> list[Violation]:
        """
        Check an answer. The answer to a request that has no operation cannot be wrong: the request was.

        :param method: HTTP method of the request.
        :param target: address or request target of the request, as sent.
        :param status: status code.
        :param headers: header names and values of the answer.
        :param body: body of the answer.
        :return: what is wrong with it; an empty list if nothing is.
        """
        operation = self.operation(method, target)
        if operation is None:
            return []
        sent, body = Headers(headers), body or b""
        request = _Request(method.lower(), split_target(target)[0], None, "", RequestParameters())
        response = _Response(body or None, status, sent.get("Content-Type", ""), sent)
        documented = operation.responses.get(str(status)) or operation.responses.get(f"{str(status)[0]}XX")
        complaints = list(header_complaints(sent, has_body=bool(body)))
        if documented is not None and "content" not in documented and body:
            complaints.append(("unexpected-body", "body", f"{len(body)} bytes where none is documented"))
        if status < 300 or status == 429:
            complaints += [
                ("missing-header", f"header: {name}", "documented for this answer")
                for name in (documented or {}).get("headers", ())
                if name not in sent
            ]
        complaints += code_complaints(documented or {}, body)
        # The document says of 5xx that its body may be no JSON at all.
        if status < 500 or media_type(sent) == "application/json":
            complaints += _library_complaints(self._responses.iter_errors(request, response))
        return [
            Violation("response", rule, operation.id, method, operation.path, where, what, status)
            for rule, where, what in dict.fromkeys(complaints)
        ]


def read_document(path: Path) -> Any:
    """
    Read a YAML document.

    Every test with an exchange needs the contract. So one that cannot be read ends the run with a sentence, instead of
    an error for each of them.
    """
    try:
        return pickle.loads(_pickled(path))
    except yaml.YAMLError as error:
        what = " ".join(str(error).split()).replace('in "<byte string>", ', "at ")
        file = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        sentence = f"{file}: cannot be read as YAML: {what}"
        if "PYTEST_XDIST_WORKER" in os.environ:
            # To xdist, a worker that ends its run has crashed.
            raise ValueError(sentence) from None
        pytest.exit(sentence, returncode=1)


@lru_cache(maxsize=4)
def _pickled(path: Path) -> bytes:
    # Whoever reads the document may change it, and reading YAML takes a hundred times as long as unpickling.
    return pickle.dumps(yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def split_target(target: str) -> tuple[str, str]:
    """
    Split an address or a request target without touching a character of it, as ``urllib`` would.

    :param target: ``https://host/path?query`` or ``/path?query``.
    :return: path and query as sent.
    """
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    return path, query


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    def resolve(node: Any) -> Any:
        while "$ref" in node:
            parts = node["$ref"].removeprefix("#/").split("/")
            node = document
            for part in parts:
                node = node[part]
        return node

    for path, item in document["paths"].items():
        for method, node in item.items():
            if method not in ("get", "put", "post", "patch", "delete"):
                continue
            parameters = [resolve(p) for p in [*item.get("parameters", ()), *node.get("parameters", ())]]
            content = resolve(node.get("requestBody", {})).get("content", {})
            forms = [resolve(content[kind]["schema"]) for kind in (FORM, MULTIPART) if kind in content]
            yield (
                node["operationId"],
                Operation(
                    id=node["operationId"],
                    method=method.upper(),
                    path=path,
                    parameters=tuple(parameters),
                    query={
                        p["name"]: resolve(p["schema"]).get("type") == "array" for p in parameters if p["in"] == "query"
                    },
                    form_fields=frozenset(name for form in forms for name in form["properties"]),
                    files=frozenset(
                        name
                        for form in forms
                        for name, field in form["properties"].items()
                        if resolve(field).get("format") == "binary"
                    ),
                    takes_body="requestBody" in node,
                    secured=bool(node.get("security", document.get("security"))),
                    use_cases=tuple(node.get("x-use-case", ())),
                    responses={str(status): resolve(answer) for status, answer in node["responses"].items()},
                    emulated=node.get("x-emulated", True),
                ),
            )


def _library_complaints(errors: Iterator[Exception]) -> Iterator[Complaint]:
    try:
        for error in errors:
            yield from explain(error)
    except Exception as error:  # a header or body that trips openapi-core itself is no less wrong
        yield "unreadable", "body", type(error).__name__
