"""What a run of a batch leaves for the next one: items that failed with a transient error or were not started.

The file holds a results row for each, with the item's arguments. A try that Airflow may repeat leaves the rows of items
that it has finished in the file, marked as settled by its run: the retry finds the same items, and so its progress.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, fitted
from airflow_provider_smartrecruiters.operators.bulk.listing import counted, ids_in_words
from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item, canonical
from airflow_provider_smartrecruiters.operators.bulk.sources.planned import PlannedItems, digest_of
from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsFile, ResultsRows
from airflow_provider_smartrecruiters.operators.bulk.sources.retry_from import RetryItems
from airflow_provider_smartrecruiters.operators.common.files import refused, same_file
from airflow_provider_smartrecruiters.operators.common.params import is_blank
from airflow_provider_smartrecruiters.operators.common.task import unwrapped

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.operators.bulk.sources.identity import Identity

log = logging.getLogger(__name__)

_LOGGED = 1000


@dataclass(frozen=True)
class CarryOver:
    """The parameters of carrying over, rendered, and the task that does it.

    :param location: location of the file.
    :param max_hours: hours after which an item is dropped; None for no limit.
    :param task: the task, as ``dag_id.task_id``: no other one may have written the file.
    :param run: id of the run; empty if there is none.
    :param last_try: whether Airflow will not repeat a failure of this try.
    """

    location: Any
    max_hours: float | None = None
    task: str = ""
    run: str = ""
    last_try: bool = True


class CarriedItems:
    """The items of a run, and those that earlier runs have left to it. They can be iterated as often as needed.

    :param given: the items of this run.
    :param carry: where the others are.
    :param item_operator: the operator that each item is for.
    :param shared: rendered parameters that all items share.
    :param identity: what the file must agree in, except for the guards: those of this run hold.
    :raises InvalidInputError: the file is no such file, or of another task, operator or connection.
    """

    def __init__(
        self,
        given: Iterable[Item],
        carry: CarryOver,
        *,
        item_operator: Any,
        shared: Mapping[str, Any],
        identity: Identity,
    ) -> None:
        self._given = given
        self._carry = carry
        self._shared = {name: unwrapped(value) for name, value in shared.items()}
        self._withheld = {*item_operator.private_fields, *item_operator.free_text_fields}
        parameters = item_operator.own_parameters()
        self._defaults = {name: value for name, value in parameters.items() if value is not inspect.Parameter.empty}
        self._identity = identity
        self._file = ResultsFile("carry_over", carry.location)
        self._started = datetime.now(UTC)
        self._rows: dict[bytes, dict[str, Any]] = {}
        self._left: list[tuple[int, dict[str, Any]]] = []
        self._own: set[bytes] = set()
        self._taken: dict[int, dict[str, Any]] = {}
        self._dropped = 0
        self.given_count = 0
        """Number of items of this run that were read so far, without those that were carried over."""
        self._load()

    @property
    def location(self) -> str:
        """The file's path or URI."""
        return str(self._file.location)

    @property
    def counts(self) -> dict[str, int]:
        """Counts for XCom: ``carried_in``, ``carried_over`` and ``dropped``."""
        return {"carried_in": len(self._taken), "carried_over": len(self._left), "dropped": self._dropped}

    def __iter__(self) -> Iterator[Item]:
        """Yield the items of this run, then those that were carried over and are about other records."""
        count = 0
        for item in self._given:
            count += 1
            self.given_count = max(count, self.given_count)
            yield self._checked(item)
        carried = {key: row for key, row in self._rows.items() if key not in self._own}
        # At once: a thread of the batch may be here while another item is kept.
        self._taken = dict(enumerate(carried.values(), count))
        for index, row in self._taken.items():
            place = f"carried item {index - count + 1}"
            yield Item(index, place, dict(row["item"]), target=row["target"])

    def prepare(self) -> None:
        """Check that the file can be written, before the first item is sent.

        :raises InvalidInputError: it cannot.
        """
        self._file.prepare()

    def note(self, index: int, target: Mapping[str, str]) -> None:
        """Take note of the record of an item, while the items are checked: a carried item for the same one is left out.

        :param index: position among all items, from 0.
        :param target: ids of the record.
        """
        if self._rows and index < self.given_count:
            self._own.add(_digest_of_ids(target))

    def keep(self, index: int, row: Mapping[str, Any], item: Mapping[str, Any]) -> None:
        """Keep an item for the next run.

        :param index: position among all items, from 0.
        :param row: its results row.
        :param item: all its arguments but free text, shared ones and defaults included: the next run may have others,
            and the item is to do what it was meant to do.
        """
        earlier = self._taken.get(index, {})
        kept = {
            "item": dict(item),
            "shared_text": self._shared_text(),
            "carried_since": earlier.get("carried_since") or self._started.isoformat(),
            "carried_by": self._carry.task,
        }
        self._left.append((index, {**row, **kept}))

    def write(self, *, last: bool) -> None:
        """Write the file anew, whole or not at all.

        :param last: whether this try ends the run. Otherwise what it has finished stays, for a retry to resume.
        :raises Exception: any error of the storage.
        """
        left = dict(self._left)
        settled = {} if last else {index: row for index, row in self._taken.items() if index not in left}
        rows = [
            (index >= self.given_count, index, left.get(index) or {**settled[index], "settled_by": self._carry.run})
            for index in {**left, **settled}
        ]
        # Those of earlier runs first, in their order: a retry has to find the same batch.
        for number, (*_, row) in enumerate(sorted(rows, key=lambda one: (not one[0], one[1])), 1):
            self._file.add({**row, "number": number})
        self._file.publish()
        self._file.close()
        if self._left:
            log.info("Carried over to the next run: %s, in %s.", counted(len(self._left)), self.location)

    def _load(self) -> None:
        if not self._exists():
            return
        for row in ResultsRows("carry_over", self.location):
            self._refuse_others(row)
            if row.get("settled_by") and row["settled_by"] != self._carry.run:
                continue
            if why := self._too_old(row) or self._other_shared(row):
                self._drop(row, why)
                continue
            self._rows[_digest_of_ids(row["target"])] = {k: v for k, v in row.items() if k != "settled_by"}

    def _exists(self) -> bool:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        # The first run of a DAG finds none.
        return bool(ObjectStoragePath(self.location).exists())

    def _refuse_others(self, row: Mapping[str, Any]) -> None:
        if not {"carried_since", "carried_by", "shared_text", "item"} <= row.keys():
            raise refused("carry_over", "names a file that no carry_over has written", "Give it a file of its own.")
        if row["carried_by"] != self._carry.task:
            raise refused(
                "carry_over",
                f"names the file of another task ({row['carried_by']})",
                "Give each task a file of its own. If this task was renamed, move its items to another run by hand.",
            )
        if conflict := self._identity.conflict({**row, "guards": self._identity.guards}):
            raise refused("carry_over", conflict[0], "Give carry_over another file.")

    def _too_old(self, row: Mapping[str, Any]) -> str | None:
        hours = (self._started - datetime.fromisoformat(row["carried_since"])).total_seconds() / 3600
        if self._carry.max_hours is None or hours <= self._carry.max_hours:
            return None
        return f"it failed first {hours:,.0f} hours ago, more than max_carry_hours={self._carry.max_hours:g} allows"

    def _other_shared(self, row: Mapping[str, Any]) -> str | None:
        if row["shared_text"] == self._shared_text():
            return None
        return "the shared parameters that no file may hold have changed since"

    def _drop(self, row: Mapping[str, Any], why: str) -> None:
        self._dropped += 1
        if self._dropped <= _LOGGED:
            log.warning("%s", fitted(f"Dropped {ids_in_words(row['target'])} ({row['place']} of its run): {why}."))

    def _checked(self, item: Item) -> Item:
        held = [name for name in item.arguments or {} if name in self._withheld]
        if not held or item.problem:
            return item
        return Item(
            item.index,
            item.place,
            None,
            f"holds {' and '.join(held)}, which no file may keep; share {'them' if len(held) > 1 else 'it'} among all "
            "items, or leave carry_over out",
        )

    def _shared_text(self) -> str:
        whole = self._defaults | self._shared
        return digest_of({name: whole.get(name) for name in self._withheld})


def carried(
    given: Iterable[Item], files: dict[str, str], carry: CarryOver | None, **known: Any
) -> tuple[Iterable[Item], dict[str, str], CarriedItems | None]:
    """Return the items of a run with those that were carried over, if it carries over.

    :param given: the items of this run.
    :param files: the location of each file that they are read from, by parameter name.
    :param carry: the parameters; None if they are not given.
    :param known: the other parameters of :class:`CarriedItems`.
    :return: the items; the files, with that of the carried items; and the carried items, None if there are none.
    :raises InvalidInputError: the items are those of an earlier batch, or are in the file that would be written.
    """
    if carry is None or is_blank(carry.location):
        return given, files, None
    if isinstance(given, PlannedItems | RetryItems):
        raise InvalidInputError(
            "carry_over is for new items, and these are what an earlier batch planned or left. Nothing was sent.",
            hint="Leave carry_over out.",
            fields=("carry_over",),
        )
    items = CarriedItems(given, carry, **known)
    if "items" in files and same_file(files["items"], items.location):
        raise refused("carry_over", "names the file of the items", "Give it a file of its own: the batch writes it.")
    return items, files | {"carry_over": items.location}, items


def _digest_of_ids(ids: Mapping[str, str]) -> bytes:
    return canonical(dict(ids))
