"""The gateway's own tests use its own fixture."""

from .plugin import gw

__all__ = ["gw"]
