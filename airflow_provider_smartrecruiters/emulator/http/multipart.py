"""Multipart bodies, parsed once for the handler and the journal."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body.

    :param name: of the form field
    :param filename: None if the part is a plain field
    :param content_type: as the part declares it
    """

    name: str
    filename: str | None
    content_type: str | None
    content: bytes

    @property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def image_type(self) -> str | None:
        """The image type by the first bytes; None if they are not those of an image."""
        if self.content[:4] == b"RIFF" and self.content[8:12] == b"WEBP":
            return "image/webp"
        return next((kind for start, kind in _SIGNATURES.items() if self.content.startswith(start)), None)

    def describe(self) -> dict[str, Any]:
        """Return what the journal keeps: everything except the content."""
        return {
            "name": self.name,
            "filename": self.filename,
            "content_type": self.content_type,
            "size": len(self.content),
            "sha256": self.sha256,
        }


async def parse(content_type: str, body: bytes) -> list[Part] | None:
    """Parse a multipart body; None if it cannot be parsed.

    :param content_type: the request's header, with the boundary
    :param body: the whole body
    """

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(Headers({"content-type": content_type}), stream()).parse()
    except (MultiPartException, KeyError, ValueError):
        return None
    parts = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            parts.append(Part(name, value.filename, value.content_type, await value.read()))
            await value.close()
        else:
            parts.append(Part(name, None, None, value.encode()))
    return parts
