"""Days of the calendar, as text has them."""

import re
from datetime import date
from typing import Optional

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_of(text: str) -> Optional[date]:
    """Return the day of a text of the form YYYY-MM-DD (RFC 3339, full-date); None where it is none.

    Newer versions of Python read other forms of ISO 8601 too: those are none.
    """
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
