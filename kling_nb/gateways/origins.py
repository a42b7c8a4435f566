"""Which of the URLs in an answer may be asked with the key: those on the gateway's own origin, as paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.gateways.digging import web_url

if TYPE_CHECKING:
    from kling_nb.gateways.table import Gateway


def own_path(gateway: Gateway, url: Any) -> str:
    """The part of a URL below the gateway's base URL, beginning with ``/``; empty for any other URL.

    A ticket's URLs come from an answer and lie in the journal since, so they are looked at each time
    before they are asked. Being asked as a path, they cannot lead anywhere else.
    """
    found = web_url(url)
    base = f"{gateway.base_url}/"
    path = found[len(base) - 1 :] if found.startswith(base) else ""
    return "" if ".." in path or "#" in path or "\\" in path else path
