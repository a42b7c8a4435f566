"""One tree of errors: the type says whose fault it is, the message says the cure.

.. code-block:: text

    KlingError
    ├── AskError                what was typed
    │   ├── OptionError         an option or its value
    │   ├── RequestError        a request that the model cannot do
    │   ├── InputError          an image or a video that cannot be used
    │   └── BudgetError         dearer than allowed
    ├── SetupError              this machine
    │   ├── MissingKeyError     no credentials in the environment
    │   ├── BaseUrlError        a base URL that would leak the key
    │   ├── StorageError        output folder, journal, disk
    │   └── TakenOverError      another kernel goes on with the job
    ├── GatewayError            the other side of the wire
    │   ├── KeyRefusedError     wrong, expired or unauthorised key
    │   ├── NoCreditError       no money left there; waiting does not help
    │   ├── RejectedError       the gateway refused the request
    │   │   └── ModerationError its content rules did
    │   ├── NotFoundError       no such task, model or route there
    │   ├── ThrottledError      too many requests; waiting helps
    │   ├── OutageError         unreachable, or an error of its own
    │   ├── AnswerError         an answer that nobody could understand
    │   ├── UnknownOutcomeError the paid request's answer was lost
    │   ├── GenerationError     the task ran and failed
    │   └── DownloadError       the clip exists and did not arrive
    │       └── NotAVideoError  what arrived is not a video
    └── PatienceError           the wait ended, the job goes on

Each is one sentence for a person. IPython prints just that sentence
(``_render_traceback_``), scripts get an ordinary exception.
"""

from __future__ import annotations

import re

# Terminal escapes, direction overrides, line separators and broken surrogates: sentences quote what users and
# gateways wrote, and are printed as they are.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class KlingError(Exception):
    """Base of every error of this package.

    Attributes:
        sentence: What is wrong, what is allowed, what to type.
        charged: True or False where it is known whether money was spent, else None.
    """

    def __init__(self, sentence: str, *, charged: bool | None = False) -> None:
        self.sentence = _UNPRINTABLE.sub("", sentence)
        self.charged = charged
        super().__init__(self.sentence)

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self.sentence}"]


class AskError(KlingError):
    """What was asked for cannot be done as it was typed."""


class OptionError(AskError):
    """An option, or the value of one, is not known."""


class RequestError(AskError):
    """The model or gateway cannot do what the request asks."""


class InputError(AskError):
    """An image or a video cannot be used."""


class BudgetError(AskError):
    """The request would cost more than was allowed."""


class SetupError(KlingError):
    """Something on this machine is missing or broken."""


class MissingKeyError(SetupError):
    """No credentials for the chosen gateway in the environment."""


class BaseUrlError(SetupError):
    """A base URL is not https (or loopback), so a key could leak."""


class StorageError(SetupError):
    """The output folder, the journal or the disk refuses."""


class TakenOverError(SetupError):
    """Another kernel has taken the job over; it is in good hands there."""


class GatewayError(KlingError):
    """The gateway answered with an error, or not at all."""


class KeyRefusedError(GatewayError):
    """The gateway does not accept the key."""


class NoCreditError(GatewayError):
    """The account at the gateway has no money left; waiting does not help."""


class RejectedError(GatewayError):
    """The gateway refused the request; it was not charged."""


class ModerationError(RejectedError):
    """The gateway's content rules refused the request."""


class NotFoundError(GatewayError):
    """The gateway knows no such task, model or route."""


class ThrottledError(GatewayError):
    """Too many requests; waiting helps, and waiting was tried."""


class OutageError(GatewayError):
    """The gateway cannot be reached or answers with errors of its own."""


class AnswerError(GatewayError):
    """The gateway answered with something that cannot be understood."""


class UnknownOutcomeError(GatewayError):
    """The answer to the paid request was lost: it may or may not have been accepted."""

    def __init__(self, sentence: str, *, charged: bool | None = None) -> None:
        super().__init__(sentence, charged=charged)


class GenerationError(GatewayError):
    """The gateway accepted the task and later reported it as failed."""


class DownloadError(GatewayError):
    """The finished clip could not be fetched; the job can be resumed."""

    def __init__(self, sentence: str, *, charged: bool | None = True) -> None:
        super().__init__(sentence, charged=charged)


class NotAVideoError(DownloadError):
    """The result's link delivered something that is not a video."""


class PatienceError(KlingError, TimeoutError):
    """The time allowed for waiting is over; the job itself goes on."""

    def __init__(self, sentence: str, *, charged: bool | None = None) -> None:
        super().__init__(sentence, charged=charged)


class StoppedWaiting(KeyboardInterrupt):
    """The stop button was pressed while a cell waited: a sentence in place of a traceback. No job is stopped by it."""

    def __str__(self) -> str:
        return "Stopped waiting; the jobs go on. %kling wait waits again."

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
