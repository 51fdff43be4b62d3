"""What to do about each error that the API documents for a write or a search, in the words of the user's arguments.

One mapping for each endpoint: the API's error code, or an HTTP status for an error without a code that is known here.
The codes are those of the official API document of April 2024. Each hint is an imperative that ends with a full stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airflow_provider_smartrecruiters.api.values.choices import COMMAND

__all__ = [
    "APPLICATION_STATUS",
    "AUDIT_LOG",
    "AVATAR",
    "CANDIDATE_SEARCH",
    "HEADCOUNT",
    "JOB",
    "JOB_AD",
    "JOB_NOTE",
    "JOB_STATUS",
    "POSITION",
    "POSITION_CREATION",
    "PUBLICATION",
    "SOURCE",
    "TAGS",
    "TIMESLOT",
    "UNPUBLICATION",
    "Hints",
]

Hints = Mapping[int | str, str]

_JOB_ACCESS = (
    "Ask a SmartRecruiters administrator whether the credential's system role and access groups cover the job: it may "
    "not read or change it."
)
_NO_JOB = (
    "Check job_id (the id of the job, not its reference number), and whether the credential has access to the job."
)
_JOB_OR_ACCESS = (
    "Check job_id (the id of the job, not its reference number). If it is right, ask a SmartRecruiters administrator "
    "whether the credential's system role and access groups cover the job: with a valid credential, SmartRecruiters "
    "answers 401 for a job without access and for one that does not exist."
)
_JOB_OR_ACCESS_403 = _JOB_OR_ACCESS.replace("with a valid credential, SmartRecruiters answers 401", "it answers 403")
_CANDIDATE_OR_ACCESS = (
    "Check candidate_id. If it is right, ask a SmartRecruiters administrator whether the credential's system role and "
    "access groups cover the candidate's jobs: with a valid credential, SmartRecruiters answers 401 for a candidate "
    "without access and for one that does not exist."
)
_NO_APPLICATION = "Check candidate_id and job_id: the candidate has no application to this job."


_SOURCES = f"All types, subtypes and sources, with their ids: {COMMAND} lookup sources."


def _hints(hints: Hints) -> Hints:
    return MappingProxyType(dict(hints))


APPLICATION_STATUS = _hints(
    {
        "NO_REASON_SUPPORT_FOR_STATUS": "Leave out reason_id (or reason): this company takes no reason for this "
        "status. Other companies take one for REJECTED and WITHDRAWN only.",
        "REASON_NOT_FOUND": "Choose reason_id from the company's list for this status: GET "
        "/configuration/rejection-reasons for REJECTED, /configuration/withdrawal-reasons for WITHDRAWN. The two lists "
        "have different ids.",
        "REQUIRED_SUB_STATUS_OMITTED": "Move the candidate to the required step first, with its status and sub_status, "
        "then to this status. The hiring process of the job in SmartRecruiters shows which steps are required; the API "
        "does not.",
        "PERMISSION_DENIED": "Ask a SmartRecruiters administrator whether the credential's system role may change the "
        "status of candidates in this job: it can see the candidate, but not change the status.",
        400: "Check reason_id and sub_status. If the company requires a reason for rejecting or withdrawing, give "
        "reason_id from its list (GET /configuration/rejection-reasons or /configuration/withdrawal-reasons). "
        "sub_status must be a step of the job's hiring process.",
        401: _CANDIDATE_OR_ACCESS,
        403: "Ask a SmartRecruiters administrator whether the credential's system role and access groups cover this "
        "job.",
        404: _NO_APPLICATION,
    }
)

AUDIT_LOG = _hints(
    {
        403: "Ask a SmartRecruiters administrator to give the user of the credential the role ADMINISTRATOR: nobody "
        "else may read the audit log.",
    }
)

_LENGTHS = "Give each of the {} with all of its ids: SmartRecruiters counted more of one kind than of another."
CANDIDATE_SEARCH = _hints(
    {
        "FIELDS_CRITERIA_SIZE_VIOLATED": _LENGTHS.format("properties"),
        "SOURCES_CRITERIA_SIZE_VIOLATED": _LENGTHS.format("sources"),
        "SCREENING_QUESTIONS_CRITERIA_SIZE_VIOLATED": _LENGTHS.format("screening_answers"),
        "ONBOARDING_STATUS_NOT_ACTIVE": "Leave out onboarding_status: the company does not use it.",
        403: "Ask a SmartRecruiters administrator whether the credential's system role may read candidates.",
    }
)

SOURCE = _hints(
    {
        "INVALID_SOURCE_TYPE": "Check source_type_id, and source_sub_type_id if it is given: no source type of the "
        f"company has these ids. {_SOURCES}",
        "SUBTYPE_REQUIRED": f"Give source_sub_type_id, because this source type has subtypes. {_SOURCES}",
        "INVALID_SOURCE": "Check source_id: it is the id of a source of the given type, not its sourceIdentifier. "
        f"{_SOURCES}",
        400: f"Check source_type_id, source_id and source_sub_type_id. {_SOURCES}",
        401: _CANDIDATE_OR_ACCESS,
        403: "Ask a SmartRecruiters administrator for the permission to edit the sources of candidates.",
        404: _NO_APPLICATION,
    }
)

TAGS = _hints(
    {
        400: "Shorten the tags, or send fewer at once: at most 100 tags in a call, and at most 50 characters in a tag "
        "(150 by another of SmartRecruiters' pages).",
        403: "Check candidate_id: it is the id of the candidate, not of an application. If it is right, ask a "
        "SmartRecruiters administrator whether the credential's system role and access groups cover the candidate's "
        "jobs: SmartRecruiters answers 403 for a candidate without access and for one that does not exist.",
        404: "Check candidate_id: it is the id of the candidate, not of an application.",
    }
)

TIMESLOT = _hints(
    {
        "INTERVIEW_NOT_FOUND": "Check interview_id. The API finds only interviews that were created through the API, "
        "not those created in the SmartRecruiters UI.",
        "TIMESLOT_NOT_FOUND": "Check timeslot_id, and that the timeslot belongs to the interview of interview_id: GET "
        "/interviews-api/v201904/interviews/{interviewId} lists its timeslots.",
        403: "Ask a SmartRecruiters administrator to give the credential's system role access to interviews, or change "
        "the status manually in SmartRecruiters.",
        404: "Check interview_id and timeslot_id, and that the timeslot belongs to the interview. The API finds only "
        "interviews that were created through the API, not those created in the SmartRecruiters UI.",
        422: "Check whether the interview was cancelled or is in the past: SmartRecruiters does not accept this status "
        "for this timeslot now.",
    }
)

_PROXY = (
    "Ask the administrators of the worker's network whether a proxy or virus scanner rewrites uploads on the way: the "
    "operator sends {}, and SmartRecruiters did not receive it so."
)
AVATAR = _hints(
    {
        "UNMARSHALLING_ERROR": _PROXY.format("a complete multipart body")
        + " If there is none, save the picture as PNG or JPEG in an image editor and run the task again.",
        "MISSING_FILE_PART": _PROXY.format("the picture in a part named file"),
        "MISSING_FILE_NAME": _PROXY.format("the picture with a file name"),
        "MISSING_MEDIA_TYPE": _PROXY.format("the picture with its media type"),
        "PERMISSION_DENIED": "Ask a SmartRecruiters administrator to give the credential's system role the permission "
        "to manage users.",
        400: "Open the image in an image editor, save it as PNG or JPEG, and run the task again. SmartRecruiters could "
        "not read it.",
        403: "Ask a SmartRecruiters administrator to give the credential's system role the permission to manage users.",
        404: "Check user_id: it is the id of the user, not the e-mail address. Look it up in the list of users "
        "(GET /user-api/v201804/users).",
    }
)

JOB_STATUS = _hints(
    {
        400: "Check in SmartRecruiters which statuses it offers for this job now.",
        401: _JOB_OR_ACCESS,
        403: _JOB_ACCESS,
        404: _NO_JOB,
    }
)

JOB_NOTE = _hints({401: _JOB_OR_ACCESS, 403: _JOB_ACCESS, 404: _NO_JOB})

_APPROVAL_ON = (
    "Request the change of the headcount with UpdateJobHeadcountOperator (PATCH /jobs/{jobId}/headcount), or in "
    "SmartRecruiters: the company has an approval process for positions, and while it is on, the API does not create, "
    "change or delete them."
)
HEADCOUNT = _hints(
    {
        "APPROVAL_PROCESS_NOT_ENABLED": "Use CreateJobPositionOperator or UpdateJobPositionOperator: the company has "
        "no approval process for the positions of this job, so the API writes them directly.",
        "CANNOT_START_APPROVAL_PROCESS": "Look at the job's approvals in SmartRecruiters: the approval process cannot "
        "start, perhaps because another request is pending or no approver is set.",
        "INVALID_SALARY_RANGE": "Check salary_min, salary_max and currency (a code such as EUR): SmartRecruiters does "
        "not accept this salary range.",
        "PERMISSION_DENIED": _JOB_OR_ACCESS,
        "NO_ACCESS_TO_APPROVALS": "Ask a SmartRecruiters administrator to let the credential's system role see the "
        "approvals of jobs.",
        400: "Check salary_min, salary_max and currency.",
        401: _JOB_OR_ACCESS,
        403: _JOB_ACCESS,
        404: _NO_JOB,
    }
)
POSITION_CREATION = _hints(
    {
        "APPROVAL_PROCESS_ENABLED": _APPROVAL_ON,
        "PERMISSION_DENIED": _JOB_OR_ACCESS_403,
        403: _JOB_OR_ACCESS_403,
        404: _NO_JOB,
    }
)
POSITION = _hints(
    {
        "APPROVAL_PROCESS_ENABLED": _APPROVAL_ON,
        "PERMISSION_DENIED": _JOB_ACCESS,
        403: _JOB_ACCESS,
        404: "Check job_id and position_id. position_id is SmartRecruiters' id of the position (see GET "
        "/jobs/{jobId}/positions), not the company's own id, which is external_position_id.",
    }
)

JOB_AD = _hints(
    {
        "PROPERTY_INVALID": "Remove special characters, such as control characters or emoji, from the title, the "
        "location and the sections of the ad: SmartRecruiters does not accept some of them.",
        400: "Check the content of the ad: it needs a title, each section has at most 24,999 characters, the language "
        "is one of the company's, and a location needs countryCode and city.",
        403: _JOB_ACCESS,
        404: "Check job_id and job_ad_id: the ad must belong to this job. GET /jobs/{jobId}/jobads lists its ads. If "
        "both are right, ask a SmartRecruiters administrator whether the credential has access to the job.",
    }
)

_ADS = "GET /jobs/{jobId}/jobads lists the ads of a job."
_PUBLISHER = (
    "Ask a SmartRecruiters administrator whether the credential's system role may publish this job, and whether its "
    "access groups cover the job."
)
UNPUBLICATION = _hints(
    {
        "ACCESS_FORBIDDEN": _PUBLISHER,
        "JOBAD_NOT_FOUND": f"Check job_id and job_ad_id: the ad must belong to this job. {_ADS}",
        401: _PUBLISHER,
        403: _PUBLISHER,
        404: f"Check job_id and job_ad_id: the ad must belong to this job. {_ADS} If both are right, ask a "
        "SmartRecruiters administrator whether the credential has access to the job.",
    }
)
PUBLICATION = _hints(
    {
        "JOB_NOT_POSTED": "Publish the job's default ad first: the other ads of a job can be published only while that "
        f"one is. {_ADS} The default one has default: true.",
        "PUBLISHED_JOB_AD_LIMIT_REACHED": "Unpublish another ad first, or ask SmartRecruiters for a higher limit: the "
        "company has as many published ads as its plan allows.",
        **UNPUBLICATION,
    }
)

_PROPERTIES = "GET /configuration/job-properties"
_VALUES = f"{_PROPERTIES}/{{id}}/values"


def _not_on_list(member: str) -> str:
    return (
        f"Choose {member} from the company's list in the SmartRecruiters settings: the given id is not on it, or was "
        "removed from it."
    )


_LISTS = (
    "Compare department, industry, function, typeOfEmployment, experienceLevel, eeoCategory and the ad's language with "
    "the company's lists in the SmartRecruiters settings, and check that no "
)
JOB = _hints(
    {
        "DEPARTMENT_NOT_FOUND": _not_on_list("department"),
        "INDUSTRY_NOT_FOUND": _not_on_list("industry"),
        "FUNCTION_NOT_FOUND": _not_on_list("function"),
        "TYPE_OF_EMPLOYMENT_NOT_FOUND": _not_on_list("typeOfEmployment"),
        "EEO_CATEGORY_NOT_FOUND": _not_on_list("eeoCategory"),
        "EXPERIENCE_LEVEL_NOT_FOUND": _not_on_list("experienceLevel"),
        "JOB_AD_LANGUAGE_NOT_FOUND": "Choose jobAd.language.code from the languages of the company: SmartRecruiters "
        "has no such language for job ads.",
        "JOB_PROPERTY_REQUIRED": "Give a value in job.properties for each job property that the company requires: "
        f"{_PROPERTIES} lists them with required: true.",
        "INVALID_JOB_PROPERTY_VALUE_ID": "Choose value.id of each required property in job.properties from its values "
        f"({_VALUES}): one of the given ids is not among them.",
        "INVALID_JOB_PROPERTY_VALUE_TYPE": "Give each value in job.properties in the form of its property: value.id "
        f"for a property with a list of values, value.label for text. {_PROPERTIES} lists the types.",
        "VALUE_INACTIVE": "Choose another value in job.properties, or have it activated in the SmartRecruiters "
        f"settings: one of the values is inactive ({_VALUES} tells which). The request sends all properties of the job "
        "back, so it may be a value that the job already has.",
        "INVALID_TEXT_FORMAT": "Remove special characters, such as control characters or emoji, from the texts in "
        "job.properties: SmartRecruiters does not accept one of them.",
        "INVALID_BRAND_VALUE": f"Choose value.id of the brand in job.properties from the company's brands ({_VALUES}).",
        "TYPE_OF_EMPLOYMENT_NOT_ALLOWED": "Choose another typeOfEmployment, or check location.countryCode: the company "
        "does not allow this type of employment in the country of the job.",
        "JOB_TEMPLATES_MANAGEMENT_FORBIDDEN": "Leave out template, or ask a SmartRecruiters administrator to allow the "
        "credential's system role to manage job templates.",
        400: f"{_LISTS}section of the ad has more than 24,999 characters.",
        401: _JOB_OR_ACCESS,
        403: _JOB_ACCESS,
        404: _NO_JOB,
        422: f"{_LISTS}required value is missing and no section of the ad has more than 24,999 characters.",
    }
)
