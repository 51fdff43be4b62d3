"""Users and their avatars."""

from __future__ import annotations

from typing import Any

from airflow_provider_smartrecruiters.emulator.http import paging
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request
from airflow_provider_smartrecruiters.emulator.http.multipart import Part
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.http.queries import UserSearch
from airflow_provider_smartrecruiters.emulator.routes import lookups, views
from airflow_provider_smartrecruiters.emulator.tenant import audit, times
from airflow_provider_smartrecruiters.emulator.tenant.places import COUNTRIES
from airflow_provider_smartrecruiters.emulator.tenant.state import User

USERS = "/user-api/v201804/users"

operations = Operations()


@operations.get(USERS, "users.all", "users_read")
def list_users(call: Call) -> dict[str, Any]:
    """Return a page of users, without a total."""
    search = UserSearch.read(call)
    words = (search.q or "").lower()
    found = [
        user
        for user in lookups.visible(call.tenant.users)
        if words in f"{user.first_name} {user.last_name} {user.email} {user.external_data}".lower()
        and (search.updated_after is None or user.updated_on > search.updated_after)
    ]
    return paging.cursor_page(found, search, _view)


# Declared before the user by id, which would take "me" for an id.
@operations.get(USERS + "/me", "users.me", "user_me_read")
def get_me(call: Call) -> dict[str, Any]:
    """Return the user that the credential belongs to."""
    return _view(call.tenant.users[call.tenant.settings.caller_id])


@operations.get(USERS + "/{id}", "users.get", "users_read")
def get_user(call: Call, user_id: str) -> dict[str, Any]:
    """Return one user."""
    return _view(lookups.user(call.tenant, user_id))


@operations.put(USERS + "/{id}/avatar", "users.avatar.update", "users_manage", status=204)
def update_avatar(call: Call, user_id: str) -> None:
    """Store an image: the part ``file`` of a multipart body."""
    user = lookups.user(call.tenant, user_id, write=True)
    part = _file(call.parts)
    user.avatar_sha256 = part.sha256
    user.avatar_content_type = part.image_type
    user.avatar_size = len(part.content)
    user.updated_on = times.now()
    audit.note(call.tenant, "USER_ACCOUNT_UPDATED", "USER", user.id)


def _file(parts: list[Part] | None) -> Part:
    if not parts:
        raise bad_request("The request cannot be unmarshalled", "UNMARSHALLING_ERROR")
    part = next((part for part in parts if part.name == "file"), None)
    if part is None:
        raise bad_request("The part file is missing", "MISSING_FILE_PART")
    if not part.filename:
        raise bad_request("The part file has no filename", "MISSING_FILE_NAME")
    if not part.content_type:
        raise bad_request("The part file has no media type", "MISSING_MEDIA_TYPE")
    if part.image_type is None:
        # What SmartRecruiters answers to a file that is no image is not documented.
        raise bad_request("The file is not an image")
    return part


def _view(user: User) -> dict[str, Any]:
    country = COUNTRIES.get(user.country_code, "")
    return {
        **views.shown(user, ("id", "email", "first_name", "last_name", "active", "updated_on")),
        "systemRole": {"id": user.role, "name": user.role.capitalize()},
        "externalData": user.external_data,
        "ssoIdentifier": user.email,
        "ssoLoginMode": "SSO",
        "language": {"code": "en"},
        "location": {"country": country, "countryCode": user.country_code, "city": user.city},
        "accessGroups": [],
    }
