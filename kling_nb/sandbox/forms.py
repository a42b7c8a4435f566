"""Multipart forms, as uploads and the openai package send them.

A page of code instead of a dependency of every installation: what arrives here is small and comes from this
machine.
"""

from __future__ import annotations

from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from kling_nb.sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from starlette.requests import Request

_HEADERS = BytesHeaderParser()


def is_form(request: Request) -> bool:
    """Whether the body is a multipart form (RFC 7578)."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def form_fields(request: Request) -> dict[str, str | bytes]:
    """The form's fields: files as bytes, everything else as text.

    Raises:
        RefusalError: 1200 if the body is no such form.
    """
    declared = _HEADERS.parsebytes(f"content-type: {request.headers['content-type']}\r\n".encode("latin-1"))
    boundary = declared.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise RefusalError(1200, "the form does not say what separates its fields")
    first, *pieces = (b"\r\n" + await request.body()).split(b"\r\n--" + boundary.encode("latin-1"))
    if first.strip() or not pieces or not pieces[-1].startswith(b"--"):
        raise RefusalError(1200, "the form is not complete")
    found: dict[str, str | bytes] = {}
    for piece in pieces[:-1]:
        head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        about = _HEADERS.parsebytes(head + b"\r\n\r\n")
        name = about.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise RefusalError(1200, "a field of the form has no name")
        is_file = about.get_param("filename", header="content-disposition") is not None
        found[name] = data if is_file else data.decode("utf-8", "replace")
    return found
