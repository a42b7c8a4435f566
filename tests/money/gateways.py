"""Every gateway's name, pointed at the loopback gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.loopback import Loopback


def environment(gw: Loopback) -> dict[str, str]:
    """The environment in which each gateway is the loopback one."""
    return {
        "KLINGAI_API_KEY": gw.key,
        "KLINGAI_BASE_URL": gw.url,
        "AGENTSFLARE_API_KEY": gw.key,
        "AGENTSFLARE_BASE_URL": gw.url,
        "IMAROUTER_API_KEY": gw.key,
        "IMAROUTER_BASE_URL": gw.url,
        "WIREFLOW_API_KEY": gw.key,
        "WIREFLOW_BASE_URL": f"{gw.url}/api/v1",
        "WIREFLOW_WORKFLOW_ID": "wf_demo01",
    }
