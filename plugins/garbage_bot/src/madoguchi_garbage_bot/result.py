"""What a question came to: an answer, a choice, several, a guess, or honestly nothing."""

from dataclasses import dataclass
from enum import StrEnum

from madoguchi_garbage_bot.choices import Option
from madoguchi_garbage_bot.dictionary import Entry
from madoguchi_garbage_bot.phrases import Topic


class Kind(StrEnum):
    """What a result is."""

    ANSWER = "answer"
    CHOICE = "choice"
    SEVERAL = "several"
    GUESS = "guess"
    NOT_FOUND = "not_found"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Result:
    """What a message means.

    `entries` are what was found, the likeliest first: the answer (with others of the same
    category, if there are), or with `GUESS` at most three that may have been meant. `CHOICE` has
    `question` and at most four `options`; `SEVERAL` has a result for each of its `parts`; `OTHER`
    has a `topic` if it is about garbage at all. `score` is the chance that an offer is welcome.
    """

    kind: Kind
    thing: str
    score: float = 0.0
    entries: tuple[Entry, ...] = ()
    question: str = ""
    options: tuple[Option, ...] = ()
    parts: tuple["Result", ...] = ()
    topic: Topic | None = None

    @property
    def sure(self) -> bool:
        """Whether entries are told as the answer."""
        return self.kind in (Kind.ANSWER, Kind.CHOICE, Kind.SEVERAL)
