"""The items of a batch as changes: all of them checked before the first is sent."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_smartrecruiters.api.bulk import Work
from airflow_provider_smartrecruiters.api.converge import check
from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources import canonical
from airflow_provider_smartrecruiters.operators.params import as_fingerprint
from airflow_provider_smartrecruiters.operators.task import unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_smartrecruiters.api.bulk import BulkOptions
    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.operators.bulk.sources import Item

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_OF_AN_ITEM = ("expect",)
"""What an item may hold beside its operator's own parameters."""


class ItemOperator(Protocol):
    """What a batch needs of the operator that its items are for. ``SmartRecruitersBaseOperator`` has it."""

    private_fields: Sequence[str]
    free_text_fields: Sequence[str]

    @classmethod
    def own_parameters(cls) -> dict[str, Any]:
        """Return the parameters that an item may give: name to default, ``inspect.Parameter.empty`` if required."""

    @classmethod
    def change_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change that parameters ask for."""


@dataclass(frozen=True, slots=True)
class BadItem:
    """An item that cannot be sent.

    :param index: place among all, from 0.
    :param place: where a person finds it: ``item 3``, ``line 17``.
    :param why: what is wrong with it; nothing of what it holds.
    :param fields: names of the parameters that have to be mended.
    """

    index: int
    place: str
    why: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of all items found.

    :param use_case: id of the use case.
    :param total: how many there are.
    :param bad: those that cannot be sent.
    :param digest: stands for the items, what they share, and their order.
    """

    use_case: str
    total: int
    bad: list[BadItem]
    digest: str


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item that was begun, for whoever reports what became of it.

    :param index: place among all, from 0.
    :param place: where a person finds it: ``item 3``, ``line 17``.
    :param target: ids of its record.
    :param arguments: the parameters that it gives.
    """

    index: int
    place: str
    target: dict[str, str]
    arguments: Mapping[str, Any]


class BulkItems:
    """The items of a batch, read as often as needed and never held all at once.

    :param item_operator: the operator that each item is for.
    :param source: the items.
    :param shared: the parameters that all items share, rendered; an item's own win.
    """

    def __init__(self, item_operator: type[ItemOperator], source: Iterable[Item], shared: Mapping[str, Any]) -> None:
        self._item_operator = item_operator
        self._source = source
        self._shared = {name: unwrapped(value) for name, value in shared.items()}
        parameters = item_operator.own_parameters()
        self._names = tuple(parameters)
        self._defaults = {name: value for name, value in parameters.items() if value is not inspect.Parameter.empty}
        self._ids: tuple[str, ...] = ()
        self.open: dict[int, OpenItem] = {}
        """The items that were begun; whoever reports one takes it out."""

    def check(self, resolve: Callable[[Change], object], options: BulkOptions) -> Checked:
        """Look at every item, and send none.

        :param resolve: looks up what a change only describes, once for all.
        :raises SmartRecruitersError: something that the items share cannot be looked up.
        """
        bad: list[BadItem] = []
        targets: dict[bytes, str] = {}
        digest = hashlib.blake2b(digest_size=16)
        digest.update(canonical([self._item_operator.__name__, self._shared]))
        use_case, total = "", 0
        for item in self._source:
            total += 1
            if item.arguments is None:
                bad.append(BadItem(item.index, item.place, item.problem or "cannot be read"))
                continue
            digest.update(item.digest())
            try:
                change, expect = self._change(item.arguments), _expect(item.arguments)
            except InvalidInputError as error:
                # Its hint is about one task's parameters.
                bad.append(BadItem(item.index, item.place, error.summary, error.fields))
                continue
            try:
                check(change, read_first=options.read_first, expect=expect, terms=options.terms)
                resolve(change)
            except InvalidInputError as error:
                bad.append(BadItem(item.index, item.place, f"{error.summary} {error.hint}".strip(), error.fields))
                continue
            self._ids, use_case = change.ids, change.use_case
            target = hashlib.blake2b(canonical(list(change.target.values())), digest_size=16).digest()
            if first := targets.get(target):
                bad.append(BadItem(item.index, item.place, f"is for the same record as {first}.", change.ids))
            targets.setdefault(target, item.place)
        return Checked(use_case, total, bad, digest.hexdigest())

    def work(self, *, skip: Callable[[int], bool], begun: int, begin: Callable[[int], None] | None) -> Iterator[Work]:
        """Yield the items to be carried out.

        :param skip: says of an index whether that item is done already.
        :param begun: items before this one may have been sent by an earlier try.
        :param begin: called with the index of each item before it is yielded.
        """
        for opened in self.iter_items(where=lambda index: not skip(index)):
            if begin:
                begin(opened.index)
            self.open[opened.index] = opened
            yield Work(
                opened.index,
                partial(self._change, opened.arguments),
                expect=_expect(opened.arguments),
                in_doubt=opened.index < begun,
            )

    def iter_items(self, *, where: Callable[[int], bool]) -> Iterator[OpenItem]:
        """Yield the items for whose index ``where`` is true, after :meth:`check` found all of them good.

        :raises InvalidInputError: the file that they are in has changed since.
        """
        for item in self._source:
            if item.arguments is None:
                raise InvalidInputError(
                    f"The items changed while the batch ran: {item.place} {item.problem}.",
                    hint="run the task again, and leave the file alone until it has ended.",
                    fields=("items",),
                )
            if where(item.index):
                yield OpenItem(item.index, item.place, self._target(item.arguments), item.arguments)

    def _target(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        return {name: str(arguments.get(name, self._shared.get(name, ""))) for name in self._ids}

    def reported(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an item's row of the results holds so that it can be run again, JSON-ready: ``item``, its
        arguments without the text that people wrote, and ``withheld``, the names of those.
        """
        free_text = {*self._item_operator.private_fields, *self._item_operator.free_text_fields}
        kept = {name: value for name, value in arguments.items() if name not in free_text}
        withheld = [name for name in arguments if name in free_text]
        return {"item": json.loads(canonical(kept)), **({"withheld": withheld} if withheld else {})}

    def _change(self, arguments: Mapping[str, Any]) -> Change:
        unknown = [name for name in arguments if name not in self._names and name not in _OF_AN_ITEM]
        given = self._defaults | self._shared | {name: arguments[name] for name in self._names if name in arguments}
        missing = [name for name in self._names if name not in given]
        if unknown or missing:
            said = [f"{name} is missing" for name in missing]
            if unknown:
                # What does not look like a parameter's name may be a value that slipped; it is not repeated.
                named = [name for name in unknown if _NAME.fullmatch(name)]
                what = ", ".join(named) if len(named) == len(unknown) else f"{len(unknown)} of its names"
                said.append(f"{what} is not among {', '.join((*self._names, *_OF_AN_ITEM))}")
            raise InvalidInputError(f"{'; '.join(said)}.", fields=tuple(missing))
        return self._item_operator.change_of(given)


def _expect(arguments: Mapping[str, Any]) -> str | None:
    return as_fingerprint("expect", arguments.get("expect"))
