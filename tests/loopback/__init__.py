"""A gateway of our own for tests: it speaks every dialect, forgets nothing, and misbehaves when told to.

    with Loopback() as gw:
        gw.script(Script(states=("queued", "running", "done")))
        gw.fault("GET /v1/videos/text2video/", Fault(status=503), times=2)
        ...                                   # a client with base URL gw.url and key gw.key
        assert len(gw.paid) == 1

It shares no code with :mod:`kling_nb.sandbox` or any codec, so that the two ends of a wire cannot share
one mistake.
"""

from .faults import Fault
from .server import Loopback
from .tasks import Script, Task
from .wire import Reply, Seen

__all__ = ["Fault", "Loopback", "Reply", "Script", "Seen", "Task"]
