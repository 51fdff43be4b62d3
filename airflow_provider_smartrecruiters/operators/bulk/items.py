"""Batch items as changes. All items are checked before the first one is sent."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_smartrecruiters.api.converge.bulk import Work
from airflow_provider_smartrecruiters.api.converge.guards import check
from airflow_provider_smartrecruiters.api.values.addresses import id_pasted
from airflow_provider_smartrecruiters.api.values.fingerprint import LeftStates
from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources.carried import CarriedItems
from airflow_provider_smartrecruiters.operators.bulk.sources.formats import item_at
from airflow_provider_smartrecruiters.operators.bulk.sources.given import canonical
from airflow_provider_smartrecruiters.operators.bulk.sources.identity import names_of
from airflow_provider_smartrecruiters.operators.bulk.sources.planned import digest_of
from airflow_provider_smartrecruiters.operators.common.params import as_fingerprint, as_guard, is_blank
from airflow_provider_smartrecruiters.operators.common.task import unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.api.converge.bulk import BulkOptions
    from airflow_provider_smartrecruiters.api.names import Finder
    from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ITEM_KEYS = ("expect",)
"""Keys that an item may hold in addition to the parameters of its operator."""


class ItemOperator(Protocol):
    """The part of ``SmartRecruitersBaseOperator`` that a batch uses."""

    private_fields: Sequence[str]
    free_text_fields: Sequence[str]

    @classmethod
    def own_parameters(cls) -> dict[str, Any]:
        """Return the parameters that an item may hold: name to default, ``inspect.Parameter.empty`` if required."""

    @classmethod
    def refuse_overrides(cls) -> None:
        """Refuse a class that overrides a method which a batch does not call."""

    @classmethod
    def change_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change from parameters."""

    @classmethod
    def outline_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change for the check, which reads no more of large files than that takes."""


@dataclass(frozen=True, slots=True)
class BadItem:
    """An item that cannot be sent.

    :param index: position among all items, from 0.
    :param place: position in words: ``item 3``, ``line 17``.
    :param why: what is wrong with it. Never any of its content.
    :param fields: names of the parameters to fix.
    """

    index: int
    place: str
    why: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of the check of all items.

    :param use_case: id of the use case.
    :param total: number of items.
    :param bad: the items that cannot be sent.
    :param digest: digest of the items, their order, and the parameters that they share.
    """

    use_case: str
    total: int
    bad: list[BadItem]
    digest: str


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item that was started and has no reported outcome yet.

    :param index: position among all items, from 0.
    :param place: position in words: ``item 3``, ``line 17``.
    :param target: ids of its record.
    :param arguments: parameters that the item itself holds.
    :param source_number: number among the items of the first batch, for an item of its results.
    """

    index: int
    place: str
    target: dict[str, str]
    arguments: Mapping[str, Any] = field(repr=False)
    source_number: int | None = None


class BulkItems:
    """The items of a batch. They are read as often as needed and are never all in memory.

    :param item_operator: the operator that each item is for.
    :param source: the items.
    :param shared: rendered parameters that all items share. An item's own value takes precedence.
    :param batch_parameters: names of the parameters that only the batch has, such as its guards.
    """

    def __init__(
        self,
        item_operator: type[ItemOperator],
        source: Iterable[Item],
        shared: Mapping[str, Any],
        batch_parameters: Collection[str] = (),
    ) -> None:
        self._item_operator = item_operator
        self._source = source
        self._shared = {name: unwrapped(value) for name, value in shared.items()}
        parameters = item_operator.own_parameters()
        self._names = tuple(parameters)
        self._batch_parameters = frozenset(batch_parameters) - {*parameters, *_ITEM_KEYS}
        self._defaults = {name: value for name, value in parameters.items() if value is not inspect.Parameter.empty}
        self._named = names_of(item_operator)
        self._finder: Finder | None = None
        self._ids: tuple[str, ...] = ()
        self._pins = bytearray()
        """Digest of the content of each item, in order: what was checked is what is sent, or the batch ends."""
        self.open: dict[int, OpenItem] = {}
        """The items that were started, by index. The caller removes an item when it reports its outcome."""

    def check(self, finder: Finder, options: BulkOptions, admit: Callable[[int], object]) -> Checked:
        """Check every item without sending any.

        :param finder: looks up ids that an item only names, such as a job by its reference number.
        :param options: options of the batch.
        :param admit: called with the number of items so far, before each is checked. Raises if there are too many.
        :raises SmartRecruitersError: a value that the items share cannot be looked up.
        """
        self._finder = finder
        bad: list[BadItem] = []
        targets: dict[bytes, str] = {}
        digest = hashlib.blake2b(digest_size=16)
        digest.update(canonical([self._item_operator.__name__, self._shared]))
        use_case, total = "", 0
        self._pins.clear()
        for item in self._source:
            total += 1
            admit(total)
            pin = item.digest()
            self._pins += pin
            digest.update(pin)
            if item.arguments is None:
                bad.append(BadItem(item.index, item.place, item.problem or "cannot be read"))
                continue
            try:
                change, expect = self._change(item.arguments, outline=True), _expect(item.arguments)
            except InvalidInputError as error:
                # Without the hint: it is written for a task with one record, and points to its template.
                bad.append(BadItem(item.index, item.place, error.summary, error.fields))
                continue
            self._ids, use_case = change.ids, change.use_case
            try:
                # First: everything below compares the ids of the record.
                change = change.identified(finder.client, finder.lookups)
            except InvalidInputError as error:
                bad.append(BadItem(item.index, item.place, f"{error.summary} {error.hint}".strip(), error.fields))
                continue
            if problem := self._moved(item) or self._replanned(item):
                bad.append(BadItem(item.index, item.place, problem, change.ids))
                continue
            try:
                check(change, read_first=options.read_first, expect=expect, terms=options.terms)
                change.resolved(finder.client, finder.lookups)
            except InvalidInputError as error:
                bad.append(BadItem(item.index, item.place, f"{error.summary} {error.hint}".strip(), error.fields))
                continue
            target = hashlib.blake2b(canonical(list(change.target.values())), digest_size=16).digest()
            if first := targets.get(target):
                bad.append(BadItem(item.index, item.place, f"targets the same record as {first}.", change.ids))
            targets.setdefault(target, item.place)
            if isinstance(self._source, CarriedItems):
                self._source.note(item.index, change.target)
            # A name that has moved to another record is another batch.
            digest.update(target)
        return Checked(use_case, total, bad, digest.hexdigest())

    def _moved(self, item: Item) -> str | None:
        """Return what is wrong with an item of a results file that is about another record than its row says."""
        if item.target is None or item.arguments is None:
            return None
        ours = self._target(item.arguments)
        differ = [name for name in ours if ours[name] != item.target.get(name)]
        if not differ:
            return None
        return (
            f"has another target than in the results file ({', '.join(differ)}); these are not the items of that "
            "batch, or its shared parameters were others"
        )

    def _replanned(self, item: Item) -> str | None:
        """Return what is wrong with an item of a plan whose arguments are not those that were planned."""
        if item.planned is None or item.planned == self._digest(item.arguments or {}):
            return None
        return "has other arguments than in the plan; give the items and shared parameters of the plan, or plan again"

    def _digest(self, arguments: Mapping[str, Any]) -> str:
        return digest_of(self._defaults | self._with_ids(self._whole(arguments)))

    def work(self, *, skip: Callable[[int], bool], begun: int, begin: Callable[[int], None] | None) -> Iterator[Work]:
        """Yield the items to send.

        :param skip: returns whether the item at an index is finished already.
        :param begun: an earlier try may have sent the items before this index.
        :param begin: called with the index of each item before the item is yielded.
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
        """Yield the items for whose index ``where`` is true. :meth:`check` must have found all items valid.

        :raises InvalidInputError: the file of the items has changed since the check.
        """
        size = hashlib.blake2b(digest_size=16).digest_size
        count = 0
        for item in self._source:
            count += 1
            if not where(item.index):
                continue
            pin = self._pins[item.index * size : (item.index + 1) * size]
            # The only place that can be trusted is here, right before the item is used: a file in object storage can be
            # replaced between any two reads of it, within the same second and with the same size.
            if item.arguments is None or item.digest() != pin:
                raise _changed(item.place)
            yield OpenItem(
                item.index, item.place, self._target(item.arguments), item.arguments, source_number=item.source_number
            )
        if count * size < len(self._pins):
            raise _changed(item_at(count))

    def _target(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        whole = self._with_ids(self._whole(arguments))
        given = {name: whole.get(name) or "" for name in self._ids}
        # As the change reads them: an address that somebody pasted is no id.
        return {name: str(id_pasted(value, name)) for name, value in given.items()}

    def retry_fields(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a results row that make its item rerunnable, JSON-ready.

        :param arguments: parameters that the item itself holds.
        :return: ``item``, the arguments without free text, and ``withheld``, the names of the arguments left out.
        """
        return self._without_free_text(self._with_ids(arguments))

    def _without_free_text(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        free_text = {*self._item_operator.private_fields, *self._item_operator.free_text_fields}
        kept = {name: value for name, value in arguments.items() if name not in free_text}
        withheld = [name for name in arguments if name in free_text]
        return {"item": json.loads(canonical(kept)), **({"withheld": withheld} if withheld else {})}

    def plan_fields(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a results row that make its planned item applicable, JSON-ready.

        :param arguments: parameters that the item itself holds.
        :return: as :meth:`retry_fields`, for the shared parameters as well, and ``planned``, which stands for all.
        """
        whole = self._whole(self._with_ids(arguments))
        # What has its default anyway need not be given, nor asked for if it is withheld.
        own = {n: value for n, value in whole.items() if n not in self._defaults or value != self._defaults[n]}
        return {**self._without_free_text(own), "planned": self._digest(arguments)}

    def carry_fields(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return all arguments of an item but free text, shared ones and defaults included, JSON-ready.

        :param arguments: parameters that the item itself holds.
        """
        whole = self._defaults | self._whole(self._with_ids(arguments))
        item: dict[str, Any] = self._without_free_text(whole)["item"]
        return item

    def _whole(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of an item with those that all items share. An item's id takes precedence over a shared
        name of the same record, too, and the other way round."""
        own: set[str] = set()
        for argument, name in self._named.items():
            if any(_is_given(arguments.get(one)) for one in (argument, name.argument)):
                own |= {argument, name.argument}
        return {name: value for name, value in self._shared.items() if name not in own} | dict(arguments)

    def _with_ids(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments with the ids of the record in place of names, as rows and digests have them."""
        found = dict(arguments)
        for argument in self._ids:
            name = self._named.get(argument)
            if name and self._finder and not _is_given(found.get(argument)) and _is_given(found.get(name.argument)):
                found[argument] = name.id_of(self._finder, str(found.pop(name.argument)), argument)
        return found

    def _change(self, arguments: Mapping[str, Any], *, outline: bool = False) -> Change:
        unknown = [name for name in arguments if name not in self._names and name not in _ITEM_KEYS]
        given = self._defaults | self._whole({name: arguments[name] for name in self._names if name in arguments})
        missing = [name for name in self._names if name not in given]
        problems = [f"{name} is missing" for name in missing]
        # A column that switches a guard off must not pass for one that was heeded, nor for a misspelled one.
        problems += [
            f"{name} is a parameter of the batch, not of an item; give it to .bulk() for all items, leave it out here"
            for name in unknown
            if name in self._batch_parameters
        ]
        if others := [name for name in unknown if name not in self._batch_parameters]:
            problems.append(self._unknown(others))
        if problems:
            fields = (*missing, *(name for name in unknown if name in self._batch_parameters))
            raise InvalidInputError(f"{'; '.join(problems)}.", fields=fields)
        return self._item_operator.outline_of(given) if outline else self._item_operator.change_of(given)

    def _unknown(self, names: Sequence[str]) -> str:
        # A key that does not look like a parameter name may be a value in the wrong place, so only keys that do are
        # repeated in the message.
        named = [name for name in names if _NAME.fullmatch(name)]
        keys = f"unknown key{'s' if len(names) > 1 else ''}"
        keys = f"{keys} {', '.join(named)}" if len(named) == len(names) else f"{len(names)} {keys}"
        return f"{keys} (allowed: {', '.join((*self._names, *_ITEM_KEYS))})"


def _is_given(value: Any) -> bool:
    return value is not None and not is_blank(value)


def _expect(arguments: Mapping[str, Any]) -> str | LeftStates | None:
    if "expect" not in arguments:
        return None
    if isinstance(arguments["expect"], LeftStates):
        return arguments["expect"]
    expect: str | None = as_guard("expect", arguments["expect"], as_fingerprint, given=True)
    return expect


def _changed(place: str) -> InvalidInputError:
    return InvalidInputError(
        f"The items changed while the batch was running: {place} is not what was checked. No such item was sent.",
        hint="Rerun the task, and do not change the items while it runs.",
        fields=("items",),
    )
