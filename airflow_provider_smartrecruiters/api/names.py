"""Names in place of ids: a job by its reference number, a user by e-mail address, a value of a list by its label.

A name is looked up in a list of the company, and compared as a person would: capitals, white space and Unicode
composition do not count, everything else does. No match or several is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from operator import eq
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.values.arguments import ALIKE
from airflow_provider_smartrecruiters.api.values.choices import COMMAND, listed
from airflow_provider_smartrecruiters.api.values.normal import normal
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, PermissionDeniedError

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient

_CODE = re.compile(r"\w[\w./#:-]{0,62}")
_TAKEN_FOR_EACH_OTHER = str.maketrans("oil", "011")
_CONFIGURATION = "access to the company's configuration (an OAuth client needs the scope configuration_read)"


@dataclass(frozen=True)
class Finder:
    """What a look-up needs.

    :param client: client to send with.
    :param lookups: cache of look-ups for the whole batch.
    """

    client: SmartRecruitersClient
    lookups: Lookups


@dataclass(frozen=True)
class Name:
    """An argument that takes a name in place of an id.

    :param argument: the argument that takes the name: ``job_ref_number``.
    :param noun: what has the name: ``job``.
    :param path: endpoint that lists all of them.
    :param lookup: name of that list for the command line's ``lookup``.
    :param access: what the credential needs to read the list, for the hint of a 403.
    :param member: member of a listed record that holds the name.
    :param called: what people call the name: ``label``.
    :param optional: whether both may be left out. By default, exactly one of id and name is required.
    :param private: whether the name is about a person. It is then never shown, nor are others like it.
    :param searched: whether the list is searched for the name (``q``) instead of being read whole.
    """

    argument: str
    noun: str
    path: str
    lookup: str
    access: str = _CONFIGURATION
    member: str = "label"
    called: str = "label"
    optional: bool = False
    private: bool = False
    searched: bool = False

    def find(
        self, finder: Finder, text: str, argument: str, *, path_params: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return the records with a name: one, or several that the caller can tell apart.

        :param finder: sends the look-up.
        :param text: the name.
        :param argument: the argument that takes the id, for the hint of an error.
        :param path_params: values of the placeholders of :attr:`path`.
        :raises InvalidInputError: no record has the name.
        :raises PermissionDeniedError: the credential may not read the list.
        """
        params = {"q": text.strip()} if self.searched else None
        try:
            records = finder.lookups.all_of(finder.client, self.path, path_params=path_params, params=params)
        except PermissionDeniedError as error:
            error.hint = (
                f"Give {argument} instead of {self.argument}: it needs no look-up. Or ask a SmartRecruiters "
                f"administrator for {self.access}."
            )
            raise
        found = [record for record in records if same(self._name_in(record), text)]
        if not found:
            raise self._unknown(text, argument, [self._name_in(record) for record in records])
        return found

    def the_one(self, found: Sequence[dict[str, Any]], argument: str) -> dict[str, Any]:
        """Return the only record with a name.

        :param found: the records with it, from :meth:`find`.
        :param argument: as for :meth:`find`.
        :raises InvalidInputError: there are several; the message has their ids.
        """
        if len(found) == 1:
            return found[0]
        ids = " and ".join(self._shown(record) for record in found)
        raise InvalidInputError(
            f"{len(found)} {self.noun}s have this {self.called}, capitals aside: {ids}.",
            hint=f"Give one of these ids as {argument} instead of {self.argument}.",
            fields=(self.argument,),
        )

    def id_of(self, finder: Finder, text: str, argument: str) -> str:
        """Return the id of the only record with a name; see :meth:`find` for parameters and errors."""
        return str(self.the_one(self.find(finder, text, argument), argument)["id"])

    def said(self, text: str) -> str:
        """Return a name for messages, before its id is known: ``with the reference number REF1``."""
        return f"with the {self.called} {text}" if self.may_show(text) else f"with this {self.called}"

    def may_show(self, text: str) -> bool:
        """Return whether a name that nobody has found yet may be shown: it is not about a person, and looks like a
        code. Other text may have been meant for another argument."""
        return not self.private and bool(_CODE.fullmatch(text))

    def label_of(self, record: Mapping[str, Any]) -> str | None:
        """Return the name in a listed record, to be shown beside its id; None if it is about a person."""
        return None if self.private else self._name_in(record)

    def _name_in(self, record: Mapping[str, Any]) -> str:
        return str(record.get(self.member) or "")

    def _shown(self, record: Mapping[str, Any]) -> str:
        label = self.label_of(record)
        return str(record["id"]) if label is None else f"{label!r} ({record['id']})"

    def _unknown(self, text: str, argument: str, known: Sequence[str]) -> InvalidInputError:
        if self.private:
            return InvalidInputError(
                f"No {self.noun} of the company has this {self.called}, or the credential may not see the {self.noun}.",
                hint=f"Check {self.argument}, or give {argument}. All of them, with their ids: {COMMAND} lookup "
                f"{self.lookup}.",
                fields=(self.argument,),
            )
        quoted, closest = alternatives(text, known, self.lookup)
        this = f"the {self.called} {text.strip()!r}" if quoted else f"this {self.called}"
        return InvalidInputError(
            f"No {self.noun} of the company has {this}.",
            hint=f"Use one of the company's {self.called}s. {closest}",
            fields=(self.argument,),
        )


def same(one: str, other: str) -> bool:
    """Return whether two names are the same to a person."""
    return _folded(one) == _folded(other)


def alternatives(text: str, known: Sequence[str], lookup: str) -> tuple[bool, str]:
    """Return what a misspelled name may have meant.

    :param text: the name that nothing has.
    :param known: the names that there are.
    :param lookup: name of their list for the command line.
    :return: whether the text is much like one of them, so that it may be quoted like a misspelled code; and the
        closest of them in a sentence for a hint.
    """
    names = {_folded(name): name for name in known if name}
    wanted = _folded(text)
    matches = get_close_matches(wanted, names, n=len(names) or 1, cutoff=0.4)
    likeness = {name: _likeness(wanted, name) for name in matches}
    closest = sorted(likeness, key=lambda name: likeness[name], reverse=True)[:3]
    close = [names[name] for name in closest]
    alike = bool(closest) and likeness[closest[0]][0] >= ALIKE
    return alike, f"{'Closest' if close else 'Known'}: {listed(close or sorted(names.values()), lookup)}"


def _likeness(one: str, other: str) -> tuple[float, int]:
    """Return how much alike two names are, to be compared.

    Many reference numbers share as many characters with a misspelled one. Then those count that are in their place, or
    that people take for each other, such as O and 0.
    """
    as_read = (text.translate(_TAKEN_FOR_EACH_OTHER) for text in (one, other))
    return SequenceMatcher(None, other, one).ratio(), sum(map(eq, *as_read))


def _folded(text: str) -> str:
    composed: str = normal(" ".join(text.split()).casefold())
    return composed


JOB_REF_NUMBER = Name(
    "job_ref_number",
    "job",
    # Its `q` searches titles only, so the list is read whole: a request for each 100 jobs.
    "/jobs",
    "jobs",
    access="access to the jobs (an OAuth client needs the scope jobs_read)",
    member="refNumber",
    called="reference number",
)
USER_EMAIL = Name(
    "user_email",
    "user",
    "/user-api/v201804/users",
    "users",
    access="access to the users (an OAuth client needs the scope users_read)",
    member="email",
    called="e-mail address",
    private=True,
    searched=True,
)
REASONS = {
    "REJECTED": Name("reason", "rejection reason", "/configuration/rejection-reasons", "reasons", optional=True),
    "WITHDRAWN": Name(
        "reason", "withdrawal reason", "/configuration/withdrawal-reasons", "withdrawal-reasons", optional=True
    ),
}
"""Reasons by the status that they explain. Only these two statuses have reasons."""
SOURCE_TYPE = Name("source_type", "source type", "/configuration/sources", "sources")
SOURCE = Name("source", "source", "/configuration/sources/{sourceType}/values", "sources")
DEPARTMENT = Name("job.department.label", "department", "/configuration/departments", "departments")
