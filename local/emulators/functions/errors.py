"""The error that keeps the host from starting."""

CANNOT_START = 1
PORT_TAKEN = 2


class StartError(Exception):
    """The host can't run this app; the message says in a sentence what to change.

    Attributes:
        details: text to print with the message, such as the traceback of the app's failed import.
        exit_code: what the process ends with, `CANNOT_START` or `PORT_TAKEN`.
    """

    def __init__(self, message: str, *, details: str = "", exit_code: int = CANNOT_START) -> None:
        super().__init__(message)
        self.details = details
        self.exit_code = exit_code
