"""The embedded gateway: learn, draft and test without a key, without money and without a network.

It speaks the dialects of Kling, AgentsFlare, ImaRouter and Wireflow as one ASGI application
(:mod:`kling_nb.sandbox.dialects`). In a notebook it runs behind an in-process transport, so that a
cell takes the very path that a paying user's cell takes; ``python -m kling_nb.sandbox --port N``
offers the same thing to any other client. What it delivers are real MP4s, painted from the prompt
by :mod:`kling_nb.sandbox.film`.

It validates and answers from its own reading of Kling's pages and shares no code with
:mod:`kling_nb.gateways`: both ends of a wire must not share one mistake.
"""

from kling_nb.sandbox.app import create_app
from kling_nb.sandbox.options import HOST, Options

__all__ = ["HOST", "Options", "create_app"]
