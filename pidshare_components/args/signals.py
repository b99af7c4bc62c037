"""The signals that helpers send."""

from enum import Enum


class Signal(Enum):
    """A signal that programs take as an order to read or open something anew. By default it ends one: signal(7)."""

    HUP = "HUP"
    USR1 = "USR1"
    USR2 = "USR2"
