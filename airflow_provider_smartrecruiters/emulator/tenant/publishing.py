"""Publishing takes time: a publication is accepted first, and shows outside a moment later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from airflow_provider_smartrecruiters.emulator.tenant import times
from airflow_provider_smartrecruiters.emulator.tenant.state import JobAd, Pending, Publication, Tenant

CAREER_PAGE = ("Career Page", "CAREER_PAGE")
AGGREGATORS = ("Free Aggregators", "AGGREGATOR")
EMPLOYEE_PORTAL = ("Employee Portal", "EMPLOYEE_PORTAL")


def publish(
    ad: JobAd, delay: float, *, visibility: Literal["PUBLIC", "INTERNAL"] = "PUBLIC", aggregators: bool = True
) -> None:
    """Accept the publication of an ad as it is now; later changes are not part of it.

    :param delay: seconds until it shows outside
    :param aggregators: whether a public ad goes to the free aggregators too
    """
    content = ad.content.model_copy(deep=True)
    ad.pending.append(Pending(due=_in(delay), content=content, visibility=visibility, aggregators=aggregators))


def unpublish(ad: JobAd, delay: float) -> None:
    """Accept the end of an ad's publication.

    :param delay: seconds until it is gone
    """
    ad.pending.append(Pending(due=_in(delay)))


def settle(tenant: Tenant) -> None:
    """Do what is due. It is called before each access to the tenant, so no timer is needed."""
    now = times.now()
    for job in tenant.jobs.values():
        for ad in job.ads.values():
            while ad.pending and ad.pending[0].due <= now:
                _apply(ad, ad.pending.pop(0))


def _apply(ad: JobAd, pending: Pending) -> None:
    for publication in ad.publications:
        publication.unpublished_on = publication.unpublished_on or pending.due
    ad.published = pending.content
    if pending.content is None:
        return
    ad.visibility = pending.visibility
    channels = [EMPLOYEE_PORTAL]
    if pending.visibility == "PUBLIC":
        channels = [CAREER_PAGE, AGGREGATORS] if pending.aggregators else [CAREER_PAGE]
    ad.publications += [Publication(source_name=name, type=kind, published_on=pending.due) for name, kind in channels]


def _in(delay: float) -> str:
    return times.render(datetime.now(UTC) + timedelta(seconds=delay))
