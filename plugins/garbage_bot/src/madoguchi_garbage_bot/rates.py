"""The share of questions without an answer, week by week, beside the goals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

GOALS = ((4, 0.10), (12, 0.05))
"""From which week on, counted from the first, at most which share is unanswered."""
MOST_WEEKS = 26
LEFT, TOP, WIDTH, HEIGHT = 40, 12, 284, 140
"""Where the chart's plot lies, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Week:
    """One week; `number` counts from the first one."""

    number: int
    monday: date
    answered: int
    unanswered: int

    @property
    def asked(self) -> int:
        """All questions."""
        return self.answered + self.unanswered

    @property
    def share(self) -> float | None:
        """What was unanswered, 0 to 1; none if nothing was asked."""
        return self.unanswered / self.asked if self.asked else None

    @property
    def goal(self) -> float | None:
        """What was to be reached by then."""
        return next((most for since, most in reversed(GOALS) if self.number >= since), None)

    @property
    def is_reached(self) -> bool:
        """Whether there was a goal, and it was met."""
        return self.goal is not None and self.share is not None and self.share <= self.goal


def number_weeks(counted: Sequence[tuple[date, int, int]], today: date) -> list[Week]:
    """Every week from the first with a question to this one, the last `MOST_WEEKS` of them."""
    if not counted:
        return []
    known = {monday: (answered, unanswered) for monday, answered, unanswered in counted}
    first = min(known)
    last = max(max(known), today - timedelta(today.weekday()))
    weeks = [
        Week(n + 1, day, *known.get(day, (0, 0)))
        for n in range((last - first).days // 7 + 1)
        for day in (first + timedelta(7 * n),)
    ]
    return weeks[-MOST_WEEKS:]


@dataclass(frozen=True, slots=True)
class Bar:
    """A week in the drawing."""

    week: Week
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A goal in the drawing, from the week on from which it counts."""

    share: float
    since: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing: bars for what was unanswered, lines for the goals, marks of the scale."""

    bars: Sequence[Bar]
    goals: Sequence[Line]
    marks: Sequence[tuple[float, float]]
    """Share and height of each mark."""
    left: float = LEFT
    right: float = LEFT + WIDTH
    bottom: float = TOP + HEIGHT


def draw(weeks: Sequence[Week]) -> Chart:
    """Lay the weeks out; at least twelve have room, so that both goals are seen."""
    first = weeks[0].number if weeks else 1
    room = max(12, len(weeks))
    most = max([0.2, *(week.share or 0 for week in weeks)])
    top = next(one for one in (0.2, 0.4, 0.6, 0.8, 1.0) if most <= one)
    step = WIDTH / room

    def height(share: float) -> float:
        return round(HEIGHT * share / top, 1)

    bars = [
        Bar(week, round(LEFT + step * place + step * 0.15, 1), TOP + HEIGHT - height(week.share),
            round(step * 0.7, 1), height(week.share))
        for place, week in enumerate(weeks)
        if week.share is not None
    ]  # fmt: skip
    goals = [
        Line(share, since, LEFT + step * max(since - first, 0), TOP + HEIGHT - height(share))
        for since, share in GOALS
        if since - first < room
    ]
    marks = [(top * part / 4, TOP + HEIGHT - HEIGHT * part / 4) for part in range(5)]
    return Chart(bars, goals, marks)
