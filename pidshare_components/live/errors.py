"""Why a live pod cannot be looked at."""


class LiveError(Exception):
    """A live pod cannot be verified. The message says why and what to do."""


class NotEnteredError(Exception):
    """A container cannot be entered. The message says why, as a clause.

    Attributes:
        forbidden: whether the cluster refuses it: then so it does for every container of the pod.
    """

    def __init__(self, message: str, *, forbidden: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden
