"""The two ways in which an exchange fails. Which of them it was decides whether a paid request may be repeated."""


class NotSentError(Exception):
    """The request provably never reached the gateway."""


class BrokenError(Exception):
    """The exchange broke off; the request may have arrived."""
