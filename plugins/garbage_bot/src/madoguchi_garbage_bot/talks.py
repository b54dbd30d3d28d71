"""Who has just asked how to sort garbage: what they type next is a question for us.

It is kept in memory: whoever is answered by another process a moment later is asked nothing odd,
their question only needs to speak of garbage again.
"""

from datetime import datetime, timedelta

LASTS = timedelta(minutes=5)
"""How long after the last word."""


class Talks:
    """The talks of one gateway, by resident."""

    def __init__(self) -> None:
        self._until: dict[int, datetime] = {}

    def begin(self, resident_id: int, now: datetime) -> None:
        """The next messages are questions for us."""
        self._until = {who: until for who, until in self._until.items() if until > now}
        self._until[resident_id] = now + LASTS

    def is_open(self, resident_id: int, now: datetime) -> bool:
        """Whether a resident is talking about garbage."""
        return self._until.get(resident_id, now) > now

    def go_on(self, resident_id: int, now: datetime) -> None:
        """A talk that is open stays so a while longer."""
        if self.is_open(resident_id, now):
            self.begin(resident_id, now)
