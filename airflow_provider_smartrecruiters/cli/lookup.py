"""``lookup``: the ids and labels that DAGs need, from all pages of the company's lists."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.cli import output as out
from airflow_provider_smartrecruiters.cli.connect import add_conn_id, client_of

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient

Row = dict[str, Any]
Rows = Callable[["SmartRecruitersClient"], Iterator[Row]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``lookup``."""
    parser.add_argument("list", choices=LISTS, metavar="LIST", help=", ".join(LISTS))
    parser.add_argument("-s", "--search", metavar="TEXT", help="only rows that have this text, in any case")
    add_conn_id(parser)
    out.add_output(parser, default="table", help="output format (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Print a list of the company. Sends only reads.

    :param options: of :func:`add_arguments`.
    :return: 0, also if nothing is found.
    """
    with out.errors_as_exit_codes(options.conn_id):
        rows = list(LISTS[options.list](client_of(options.conn_id)))
    wanted = (options.search or "").casefold()
    out.print_records([row for row in rows if wanted in " ".join(map(str, row.values())).casefold()], options.output)
    return out.DONE


def _choices(path: str, **columns: str) -> Rows:
    """Return what lists the records of a path, which need no further request.

    :param path: of the list.
    :param columns: member of a record, by the name of its column.
    """

    def rows(client: SmartRecruitersClient) -> Iterator[Row]:
        for record in _all(client, path):
            yield {column: record.get(member) for column, member in columns.items()}

    return rows


def _all(client: SmartRecruitersClient, path: str) -> list[dict[str, Any]]:
    from airflow_provider_smartrecruiters.api.lookups import Lookups

    return Lookups().all_of(client, path)


def _sources(client: SmartRecruitersClient) -> Iterator[Row]:
    for kind in _all(client, "/configuration/sources"):
        values = "/configuration/sources/{sourceType}/values"
        for source in client.pages(values, path_params={"sourceType": kind["id"]}):
            yield {
                "source_type_id": kind["id"],
                "source_type": kind.get("label"),
                "source_sub_type_id": (source.get("sourceSubType") or {}).get("id"),
                "source_id": source.get("id"),
                "label": source.get("label"),
            }


def _hiring_processes(client: SmartRecruitersClient) -> Iterator[Row]:
    for process in _all(client, "/configuration/hiring-processes"):
        steps: Mapping[str, list[str]] = process.get("subStatuses") or {}
        for status, names in steps.items():
            for name in names:
                yield {
                    "hiring_process_id": process.get("id"),
                    "hiring_process": process.get("name"),
                    "active": process.get("active"),
                    "status": status,
                    "sub_status": name,
                }


def _job_ads(client: SmartRecruitersClient) -> Iterator[Row]:
    for job in client.pages("/jobs"):
        # This list has no pages, so it takes no page size.
        for ad in client.pages("/jobs/{jobId}/jobads", path_params={"jobId": job["id"]}, params={"limit": None}):
            yield {
                "job_id": job["id"],
                "job_ad_id": ad.get("id"),
                "title": ad.get("title"),
                "language": (ad.get("language") or {}).get("code"),
                "posting_status": ad.get("postingStatus"),
            }


LISTS: dict[str, Rows] = {
    "departments": _choices("/configuration/departments", id="id", label="label", description="description"),
    "hiring-processes": _hiring_processes,
    "job-ads": _job_ads,
    "job-properties": _choices(
        "/configuration/job-properties", id="id", label="label", required="required", active="active"
    ),
    "jobs": _choices("/jobs", job_id="id", title="title", ref_number="refNumber", status="status"),
    "reasons": _choices("/configuration/rejection-reasons", reason_id="id", label="label"),
    "sources": _sources,
    "users": _choices(
        "/user-api/v201804/users", user_id="id", first_name="firstName", last_name="lastName", email="email"
    ),
    "withdrawal-reasons": _choices("/configuration/withdrawal-reasons", reason_id="id", label="label"),
}
"""The lists by name. A column is called like the operators' parameter that takes its value, if there is one."""
