# nosay: what is said here, staff read
"""How many residents a condition picks, who is left out and why, and in what groups they are.

Plain functions over a Session, each one statement over the index (`compiling`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from madoguchi import Criteria
from madoguchi.followers import count_at_line
from madoguchi_segment.audiences.compiling import has_settings, open_compiler
from madoguchi_segment.audiences.condition import Chosen, Condition, fields_of
from madoguchi_segment.audiences.describing import describe_unanswered
from madoguchi_segment.audiences.tables import index

ALL = 1 << 60
FEWEST = 50
"""Groups of fewer people are not given as a number."""
FEW = "50人未満"
MISSING = 0.02
"""The share of LINE's own count by which ours may be lower."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Residents who do not get it, for one reason."""

    reason: str
    """`gone`, `unset`, `unanswered` or `other`."""
    says: str
    people: int
    field: str | None = None
    """The field without an answer that it hangs on."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everybody we know is either chosen or left out for one reason."""

    chosen: int
    left_out: tuple[LeftOut, ...]

    @property
    def everybody(self) -> int:
        """All residents that we know, those included who blocked the account."""
        return self.chosen + sum(one.people for one in self.left_out)


@dataclass(frozen=True, slots=True)
class Band:
    """How many of those chosen gave one answer."""

    label: str
    people: int | None
    """None: so few that it is not said."""

    @property
    def says(self) -> str:
        """The number, or that it is small."""
        return FEW if self.people is None else f"{self.people:,}人"


@dataclass(frozen=True, slots=True)
class Friends:
    """How many friends we know, and how many LINE says there are (followers without blocks)."""

    ours: int
    at_line: int | None
    day: str | None
    """The day that LINE's count is of, YYYYMMDD."""

    @property
    def are_missing(self) -> bool:
        """Whether ours are more than 2 % fewer: then 全員 does not reach all of them."""
        return self.at_line is not None and self.ours < (1 - MISSING) * self.at_line


def count(db: Session, condition: Condition, criteria: Criteria, now: datetime) -> int:
    """How many residents get it now, each once."""
    chosen = open_compiler(db, criteria, now).selects(condition)
    return db.execute(select(func.count()).select_from(index).where(chosen)).scalar_one()


def matches(
    db: Session, condition: Condition, criteria: Criteria, now: datetime, resident_id: int
) -> bool:
    """Whether this resident gets it."""
    chosen = open_compiler(db, criteria, now).selects(condition)
    mine = select(index.c.resident_id).where(index.c.resident_id == resident_id, chosen)
    return db.execute(mine).first() is not None


def explain(db: Session, condition: Condition, criteria: Criteria, now: datetime) -> Explanation:
    """Who gets it, and who does not, by the first reason that is true of each."""
    compiler = open_compiler(db, criteria, now)
    asked = fields_of(condition)
    reasons = {
        "gone": ~index.c.follows,
        "chosen": compiler.holds(condition),
        "unset": ~has_settings(),
        "other": compiler.fails(condition),
        **{f"unanswered {field}": ~compiler.answered(field) for field in asked},
    }
    names = [*reasons, "unknown"]
    place = case(*((test, n) for n, test in enumerate(reasons.values())), else_=len(reasons))
    # Without the limit SQLite would work the reason out once for each count; a GROUP BY sorts.
    each = select(place.label("place")).select_from(index).limit(ALL).subquery()
    counts = [func.count(case((each.c.place == n, 1))) for n in range(len(names))]
    found = dict(zip(names, db.execute(select(*counts)).one(), strict=True))
    found["other"] += found["unknown"]
    left_out = [
        LeftOut("gone", "ブロックした人、友だちではない人", found["gone"]),
        LeftOut("unset", "お知らせの受け取り設定が、まだの人", found["unset"]),
    ]
    for field in asked:
        says = describe_unanswered(field, criteria)
        people = found[f"unanswered {field}"]
        left_out.append(LeftOut("unanswered", says, people, field))
    left_out.append(LeftOut("other", "条件にあてはまらない人", found["other"]))
    return Explanation(found["chosen"], tuple(left_out))


def bands(
    db: Session, condition: Condition, criteria: Criteria, now: datetime, field: str
) -> list[Band]:
    """How many of those chosen gave which answer to a field with options; none below 50 people.

    A single small group could be found by subtraction: then the next small one is not said either.
    If fewer than 50 people are chosen, nothing is.
    """
    compiler = open_compiler(db, criteria, now)
    asked = criteria.fields[field]
    groups: list[tuple[str, Any]] = [
        (one.label, compiler.holds(Chosen(field, (one.value,)))) for one in asked.options
    ]
    groups.append(("未回答", ~compiler.answered(field)))
    counts = [func.count(case((test, 1))) for _, test in groups]
    chosen = compiler.selects(condition)
    row = db.execute(select(func.count(), *counts).select_from(index).where(chosen)).one()
    everybody, *people = row
    hidden = _hide(everybody, people)
    labels = [label for label, _ in groups]
    return [
        Band(label, None if n in hidden else number)
        for n, (label, number) in enumerate(zip(labels, people, strict=True))
    ]


def _hide(everybody: int, people: list[int]) -> set[int]:
    """The places of the groups that are not given as a number."""
    if everybody < FEWEST:
        return set(range(len(people)))
    hidden = {n for n, number in enumerate(people) if number < FEWEST}
    if len(hidden) == 1 and len(people) > 1:
        others = [(number, n) for n, number in enumerate(people) if n not in hidden]
        hidden.add(min(others)[1])
    return hidden


def count_friends(db: Session) -> Friends:
    """Our count of 全員, and LINE's own beside it."""
    ours = select(func.count()).select_from(index).where(index.c.follows)
    return Friends(db.execute(ours).scalar_one(), *count_at_line(db))


def count_set(db: Session) -> tuple[int, int]:
    """How many friends have set anything, and how many friends there are."""
    row = select(func.count(case((has_settings(), 1))), func.count()).where(index.c.follows)
    with_settings, friends = db.execute(row.select_from(index)).one()
    return with_settings, friends
