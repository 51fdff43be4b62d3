"""The batches of `make kill-bulk`: their records, what they are called with, and where each item has to end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tenant import write_tenant

from airflow_provider_smartrecruiters.emulator.tenant.integrity import check
from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Item = dict[str, str]
    State = Mapping[str, Any]

POSITIONS_PER_JOB = 10
DATES = {"position_open_date": "2027-01-04", "target_start_date": "2027-02-01"}
TITLE = "Engineer, all day"
HEADCOUNT = {"salary_min": 40000, "salary_max": 50000, "currency": "EUR"}


@dataclass(frozen=True)
class Kind:
    """
    A kind of batch.

    :param operator: name of the operator whose batch it is.
    :param items: which of the records it is for.
    :param root: path that all requests of an item begin with.
    :param ended: whether an item is where it has to be in the end, and there once; asked of the emulator's records.
    :param shared: what all items share, from the tenant.
    :param arguments: further arguments of the batch.
    :param settings: of the emulator.
    :param readable: whether the API tells if an item was applied.
    :param reads_once: whether each item reads its record once, and a record belongs to one item.
    :param first: the batch that is carried out before, without kills; the one to be undone.
    :param again: whether the same batch, run once more after its success, sends no write.
    :param writes: how many writes apply an item.
    """

    operator: str
    items: str
    root: str
    ended: Callable[[State, Item], bool]
    shared: Callable[[State], dict[str, Any]] = lambda _: {}
    arguments: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    readable: bool = True
    reads_once: bool = True
    first: str | None = None
    again: bool = True
    writes: int = 1


def _application(state: State, item: Item) -> dict[str, Any]:
    ids = state["candidates"][item["candidate_id"]]["application_ids"]
    found: dict[str, Any] = next(one for one in map(state["applications"].get, ids) if one["job_id"] == item["job_id"])
    return found


def _rejected(state: State, item: Item) -> bool:
    return _application(state, item)["status"] == "REJECTED"


def _as_before(state: State, item: Item) -> bool:
    application = _application(state, item)
    return [application[name] for name in ("status", "sub_status", "reason_id")] == ["NEW", None, None]


def _has_source(state: State, item: Item) -> bool:
    application = _application(state, item)
    return [application["source_type_id"], application["source_id"]] == list(_source(state).values())


def _ad(state: State, item: Item) -> dict[str, Any]:
    ad: dict[str, Any] = state["jobs"][item["job_id"]]["ads"][item["job_ad_id"]]
    return ad


def _channels(state: State, item: Item) -> list[Any]:
    """Return where an ad shows or will show."""
    ad = _ad(state, item)
    return [one["source_name"] for one in ad["publications"] if not one["unpublished_on"]] + ad["pending"]


def _published_once(state: State, item: Item) -> bool:
    # Both channels, once: a second publication would end the first one and begin another.
    return len(_ad(state, item)["publications"]) == len(_channels(state, item)) == 2


def _unpublished(state: State, item: Item) -> bool:
    return _ad(state, item)["published"] is None and not _channels(state, item)


def _edited_and_published_once(state: State, item: Item) -> bool:
    ad = _ad(state, item)
    # It was on one channel before, which the publication ended. Two begin, and a second one would end those.
    return len(ad["publications"]) == 3 and len(_channels(state, item)) == 2 and ad["published"]["title"] == TITLE


def _created_once(state: State, item: Item) -> bool:
    positions = state["jobs"][item["job_id"]]["positions"].values()
    return sum(one["position_id"] == item["external_position_id"] for one in positions) == 1


def _requested(state: State, item: Item) -> bool:
    approval = state["jobs"][item["job_id"]]["approval"]
    return approval is not None and approval["salary_range"]["max"] == HEADCOUNT["salary_max"]


def _reason(state: State) -> dict[str, Any]:
    return {"reason": next(iter(state["rejection_reasons"].values()))}


def _source(state: State) -> dict[str, Any]:
    source_type = next(one for one in state["source_types"].values() if one["values"] and not one["subtypes"])
    return {"source_type_id": source_type["id"], "source_id": source_type["values"][0]["id"]}


_APPLICATION = "/candidates/{candidate_id}/jobs/{job_id}"
_AD = "/jobs/{job_id}/jobads/{job_ad_id}"
_SLOW = {"publish_delay": 1}

KINDS = {
    "reject": Kind("RejectApplicationOperator", "applications", _APPLICATION, _rejected, _reason),
    "reject-unread": Kind(
        "RejectApplicationOperator",
        "applications",
        _APPLICATION,
        _rejected,
        _reason,
        {"read_first": False},
        # It would be written again as it is told.
        again=False,
    ),
    "source": Kind("UpdateCandidateSourceOperator", "applications", _APPLICATION, _has_source, _source),
    "source-unlinked": Kind(
        "UpdateCandidateSourceOperator",
        "applications",
        _APPLICATION,
        _has_source,
        _source,
        settings={"source_links": "none"},
        readable=False,
        again=False,
    ),
    "undo": Kind("UndoBulkOperator", "applications", _APPLICATION, _as_before, first="reject"),
    "publish": Kind("PublishJobAdOperator", "hidden_ads", _AD, _published_once, settings=_SLOW, reads_once=False),
    "unpublish": Kind(
        "UnpublishJobAdOperator",
        "shown_ads",
        _AD,
        _unpublished,
        settings=_SLOW,
        reads_once=False,
    ),
    "republish": Kind(
        "UpdateJobAdOperator",
        "shown_ads",
        _AD,
        _edited_and_published_once,
        lambda _: {"title": TITLE},
        {"publish": "if_published"},
        settings=_SLOW,
        reads_once=False,
        # The edit, and then the publication, between which a worker may be killed as well.
        writes=2,
    ),
    "position": Kind(
        "CreateJobPositionOperator",
        "positions",
        "/jobs/{job_id}/positions {external_position_id}",
        _created_once,
        lambda _: {"type": "NEW", **DATES},
        reads_once=False,
    ),
    "headcount": Kind(
        "UpdateJobHeadcountOperator",
        "jobs",
        "/jobs/{job_id}",
        _requested,
        lambda _: HEADCOUNT,
        settings={"approval_process": True},
    ),
}
"""By the name on the command line."""


def write_records(path: Path, count: int) -> dict[str, list[Item]]:
    """
    Write a seed file with the records of all kinds of batches.

    :param path: the file.
    :param count: how many of each kind.
    :return: the items of a batch, by :attr:`Kind.items`.
    """
    applications = write_tenant(path, count)
    tenant = Tenant.model_validate_json(path.read_text())
    found: dict[str, list[Item]] = {"applications": applications, "hidden_ads": [], "shown_ads": [], "jobs": []}
    for number in range(count):
        job_id, hidden, shown = _add_job(tenant, number)
        found["jobs"].append({"job_id": job_id})
        found["hidden_ads"].append({"job_id": job_id, "job_ad_id": hidden})
        found["shown_ads"].append({"job_id": job_id, "job_ad_id": shown})
    found["positions"] = [
        {**found["jobs"][number // POSITIONS_PER_JOB], "external_position_id": f"HC-{number}"}
        for number in range(count)
    ]
    check(tenant)
    path.write_text(tenant.model_dump_json())
    return found


def _add_job(tenant: Tenant, number: int) -> tuple[str, str, str]:
    """Add a job with a published default ad, one that does not show, and one that does; return the ids."""
    model = next(job for job in tenant.jobs.values() if job.access == "full" and job.default_ad.published)
    ids = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"kill-bulk {number} {what}")) for what in ("job", "main", "off", "on")]
    job_id, *ad_ids = ids
    ads = {}
    for ad_id, name in zip(ad_ids, ("main", "off", "on"), strict=True):
        ad = model.default_ad.model_copy(update={"id": ad_id, "default": name == "main"}, deep=True)
        if name == "off":
            ad = ad.model_copy(update={"published": None, "publications": []})
        ads[ad_id] = ad
    own = {"id": job_id, "ref_number": f"KILL{number}", "ads": ads, "positions": {}, "approval": None}
    tenant.jobs[job_id] = model.model_copy(update=own, deep=True)
    return job_id, ad_ids[1], ad_ids[2]


def root_of(kind: Kind, item: Item) -> str:
    """Return what stands for an item among the requests."""
    return kind.root.format_map(item)


def with_items(kind: Kind, requests: list[dict[str, Any]], journal: list[dict[str, Any]], roots: list[str]) -> None:
    """
    Add to each request of the emulator's list which item it is about: `item`, None if about no single one.

    :param kind: of the batch.
    :param requests: all requests.
    :param journal: the writes, with their bodies.
    :param roots: of the items.
    """
    bodies = {(entry["path"], entry["at"]): entry["body"] for entry in journal}
    known = set(roots)
    for entry in requests:
        body = bodies.get((entry["path"], entry["started_at"]))
        # A position has no path of its own before there is one.
        named = f"{entry['path']} {body['positionId']}" if " " in kind.root and body else entry["path"]
        parts = named.split("/")
        entry["item"] = next((one for n in range(len(parts), 0, -1) if (one := "/".join(parts[:n])) in known), None)
