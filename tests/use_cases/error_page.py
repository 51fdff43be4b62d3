"""`docs/errors.md`, made from the errors that the refusals of all use cases end in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import catalogue
from tests.support.contract import Contract

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.use_cases.refusals import Refusal
    from tests.use_cases.use_case import UseCase

PATH = Path(__file__).parent.parent.parent / "docs" / "errors.md"

_TEXT = """\
# Errors by operator and code

<!-- Written by `make errors`. To change it, edit tests/use_cases/error_page.py, the refusals in tests/use_cases, or
api/values/hints.py. -->

What SmartRecruiters answers when it refuses one of the writes, and what the operator's error then tells you to do. The
official API document of April 2024 has {documented} pairs of a write and an error code. Each is provoked in a test,
against the local SmartRecruiters of this package, and this page is written from the errors. In a DAG, `error.code`,
`error.status` and `error.hint` hold code, status and advice. [When something goes wrong](troubleshooting.md) lists the
classes of errors, and whether Airflow retries them.

A code that is not listed is handled by its status: the error has the class of the status, SmartRecruiters' own message
unless it repeats something that was sent, and the advice that fits the status.

**401 does not always mean a bad credential.** For jobs, candidates, the status and the source of an application, and
notes, the document has 401 for a record that the credential may not see, and no 404 for one that does not exist. So a
401 can mean either, and the local SmartRecruiters answers so (`missing_is_denied=False` changes that). The operator
asks SmartRecruiters once whether it accepts the credential. If it does, the error is a
`PermissionDeniedError` that says what to check about the record; otherwise it is an `AuthenticationError` about the
connection. For tags the same holds for 403. For job ads, a 404 can also mean that the credential has no access to the
job. An application that is read first is answered with 404 if it does not exist.

## By code

{codes}
{inferred}
{sections}
## Test it yourself

The fixture `smartrecruiters_emulator` refuses what the settings of its company forbid, for example
`@pytest.mark.smartrecruiters_emulator(approval_process=True)`. [Testing your DAGs](testing.md) lists the settings. To
make it answer with any other code, pass the body:

```python
body = {{"message": "No", "errors": [{{"code": "REF_NUMBER_ALREADY_EXISTS", "message": "No"}}]}}
smartrecruiters_emulator.fail_next("put job", status=409, body=body)
```
"""

_SECTION = """
## {operator}

<!-- errors: {operator} -->
{table}
<!-- end -->
"""


@dataclass(frozen=True)
class Provoked:
    """
    A refusal, and the error that it ended in.

    :param operator: name of the operator.
    :param request: method and path of the refused request.
    :param operation: id of the refused operation.
    :param status: HTTP status.
    :param code: the API's error code, if it gave one.
    :param when: what was wrong, in words.
    :param hint: what the error says to do.
    """

    operator: str
    request: str
    operation: str
    status: int
    code: str | None
    when: str
    hint: str


def provoke_all(emulator: SmartRecruitersEmulator, folder: Path) -> list[Provoked]:
    """Provoke the refusals that every use case declares about itself, in the order of the use cases."""
    return [
        _provoked(case, refusal, emulator, folder)
        for kind in catalogue.cases()
        for case in [kind()]
        for refusal in case.refusals
    ]


def _provoked(case: UseCase, refusal: Refusal, emulator: SmartRecruitersEmulator, folder: Path) -> Provoked:
    emulator.reset()
    emulator.configure(rate=0, concurrent=0)
    with pytest.MonkeyPatch.context() as monkeypatch:
        case.look_at(emulator, folder, monkeypatch)
        error = case.refused(refusal, {**case.arguments(), **refusal.arguments(case.state)})
    assert error.status is not None
    request = f"{error.method} {error.path_template}"
    name = case.operator.__name__
    return Provoked(
        name, request, refusal.operation or case.operation, error.status, error.code, refusal.name, error.hint
    )


def documented() -> dict[tuple[str, str], bool]:
    """Return the codes of the writes in the contract, by operation; whether the document has it elsewhere only."""
    return {
        (operation.id, code): inferred
        for operation in Contract.load().operations.values()
        if operation.use_cases
        for answer in operation.responses.values()
        for key, inferred in (("x-codes", False), ("x-inferred-codes", True))
        for code in answer.get(key, ())
    }


def render(found: Iterable[Provoked]) -> str:
    """Return the page."""
    found = list(found)
    pairs = documented()
    elsewhere = sorted(f"`{code}`" for (_, code), inferred in pairs.items() if inferred)
    note = "\nThe document has {} for another request only. It is listed because the same value can be wrong here.\n"
    operators = sorted({one.operator for one in found})
    return _TEXT.format(
        documented=sum(not inferred for inferred in pairs.values()),
        codes=_index(found),
        inferred=note.format(", ".join(elsewhere)) if elsewhere else "",
        sections="".join(
            _SECTION.format(operator=name, table=_table([one for one in found if one.operator == name]))
            for name in operators
        ),
    )


def _index(found: list[Provoked]) -> str:
    """Return the table that leads from a code to the operators that meet it."""
    operators: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for one in found:
        if one.code:
            operators[one.code][one.operator] = None
    links = {
        code: ", ".join(f"[{name}](#{name.lower()})" for name in sorted(names)) for code, names in operators.items()
    }
    return "\n".join(
        ["| code | operator |", "| --- | --- |", *(f"| `{code}` | {links[code]} |" for code in sorted(links))]
    )


def _table(found: list[Provoked]) -> str:
    head = ["error", "when", "what to do"]
    lines = [*_lines([one for one in found if one.code]), *_lines([one for one in found if not one.code])]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


def _lines(found: list[Provoked]) -> Iterator[list[str]]:
    """Yield a line for all that have code, status and advice in common."""
    groups: defaultdict[tuple[str | None, int, str], list[Provoked]] = defaultdict(list)
    for one in found:
        groups[one.code, one.status, one.hint].append(one)
    for (code, status, hint), alike in groups.items():
        # A dict as an ordered set.
        yield [f"`{code}` ({status})" if code else str(status), "; ".join({one.when: 0 for one in alike}), hint]
