# nosay: what is said here, staff read
"""A condition as one SQL expression over the index: on SQLite and on PostgreSQL.

*Unknown is not no*: each single condition is known to hold, known not to hold, or unknown, because
the field is not answered. `holds` and `fails` are the first two; `not` swaps them, so that neither
ever picks somebody by a field without an answer.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, Text, and_, cast, exists, func, literal, or_, select
from sqlalchemy import false as no
from sqlalchemy import true as yes
from sqlalchemy.orm import Session

from madoguchi import JST, Criteria, ProfileField
from madoguchi.tables import profile
from madoguchi_segment.audiences.ages import born_between
from madoguchi_segment.audiences.condition import (
    FOLLOWED,
    LANGUAGE,
    Aged,
    AllOf,
    AnyOf,
    Chosen,
    Condition,
    Dated,
    Everyone,
    Followed,
    Known,
    Not,
    Speaks,
    Unanswered,
)
from madoguchi_segment.audiences.mending import is_kept
from madoguchi_segment.audiences.tables import (
    BIRTHDATES,
    BITS,
    CHILDREN,
    INDEXED,
    TERMS,
    index,
    term,
)

OWN = "segment/"
Expression = Any
"""A SQLAlchemy expression that is true or false, never null."""


class AudienceUnavailable(Exception):
    """Residents cannot be picked now; the words say why, and what to do."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """What turning a condition into SQL takes; `open_compiler` makes it, inside of the unit."""

    criteria: Criteria
    now: datetime
    dialect: str
    terms: Mapping[tuple[str, str], int]
    is_indexed: bool = True
    """False reads each profile instead: slower, and the same; for comparison."""

    @property
    def today(self) -> date:
        """The day in Tokyo."""
        return self.now.astimezone(JST).date()

    def selects(self, condition: Condition) -> Expression:
        """Who gets it: a friend of whom the condition is known to hold."""
        return and_(index.c.follows, self.holds(condition))

    def holds(self, condition: Condition) -> Expression:
        """Of whom the condition is known to hold."""
        match condition:
            case AllOf(parts):
                return and_(yes(), *(self.holds(part) for part in parts))
            case AnyOf(parts):
                return or_(no(), *(self.holds(part) for part in parts))
            case Not(part):
                return self.fails(part)
            case Everyone():
                return yes()
            case _:
                return and_(*self._with_settings(condition), self._test(condition))

    def fails(self, condition: Condition) -> Expression:
        """Of whom the condition is known not to hold."""
        match condition:
            case AllOf(parts):
                return or_(no(), *(self.fails(part) for part in parts))
            case AnyOf(parts):
                return and_(yes(), *(self.fails(part) for part in parts))
            case Not(part):
                return self.holds(part)
            case Everyone():
                return no()
            case _:
                known = self._known(condition)
                return and_(*self._with_settings(condition), known, ~self._test(condition))

    def answered(self, field: str) -> Expression:
        """Who has an answer to the field that still counts."""
        if field == LANGUAGE:
            return index.c.language.is_not(None)
        if field == FOLLOWED:
            return index.c.followed_at.is_not(None)
        asked = self.criteria.fields[field]
        stored = _stored(field, asked)
        if asked.kind == "choice":
            # A value that is there no more is no answer any more.
            return self._chose(stored, asked, (one for o in asked.options for one in o.stored))
        if self._has(stored):
            return index.c.answered.bitwise_and(1 << INDEXED.index(stored)) != 0
        return _in_profile(stored, yes())

    def _with_settings(self, leaf: Condition) -> list[Expression]:
        """Friends without settings are picked by nothing; an answer of ours is a setting."""
        match leaf:
            case Chosen(field) | Aged(field) | Dated(field) if field.startswith(OWN):
                return []
            case _:
                return [has_settings()]

    def _known(self, leaf: Condition) -> Expression:
        match leaf:
            case Chosen(field) | Aged(field) | Dated(field):
                return self.answered(field)
            case Speaks():
                return self.answered(LANGUAGE)
            case Followed():
                return self.answered(FOLLOWED)
            case _:
                return yes()

    def _test(self, leaf: Condition) -> Expression:
        """Whether it holds: true only of whom it is known to hold."""
        match leaf:
            case Chosen(field, options):
                asked = self.criteria.fields[field]
                wanted = [asked.option(one) for one in options]
                stored = (one for option in wanted if option for one in option.stored)
                return self._chose(_stored(field, asked), asked, stored)
            case Unanswered(field):
                return ~self.answered(field)
            case Aged(field, least, most):
                return self._dated(field, *born_between(self.today, least, most))
            case Dated(field, first, last):
                return self._dated(field, first or date.min, last or date.max)
            case Followed():
                return self._followed(leaf)
            case Speaks(languages):
                return func.coalesce(index.c.language.in_(languages), no())
            case Known():
                return self._named(leaf)
        raise TypeError(f"{leaf!r} is no condition")

    def _has(self, stored: str) -> bool:
        return self.is_indexed and stored in INDEXED

    def _chose(self, stored: str, asked: ProfileField, answers: Iterable[str]) -> Expression:
        wanted = list(answers)
        found = [self.terms[stored, one] for one in wanted if (stored, one) in self.terms]
        if self._has(stored) and all(number < TERMS for number in found):
            masks: dict[int, int] = {}
            for number in found:
                word, bit = divmod(number, BITS)
                masks[word] = masks.get(word, 0) | 1 << bit
            # A term that nobody has given yet is nobody's answer.
            return or_(no(), *(_has_bits(word, mask) for word, mask in masks.items()))
        given = cast(profile.c.value, Text)
        texts = [json.dumps(one, ensure_ascii=False) for one in wanted]
        if asked.kind == "choice":
            return _in_profile(stored, given.in_(texts))
        # In the JSON of a list of texts only a whole text stands between quotation marks.
        where = func.strpos if self.dialect == "postgresql" else func.instr
        return _in_profile(stored, or_(no(), *(where(given, one) > 0 for one in texts)))

    def _dated(self, field: str, first: date, last: date) -> Expression:
        asked = self.criteria.fields[field]
        stored = _stored(field, asked)
        if self._has(stored) and stored == CHILDREN:
            low, high = (literal(_number(day), Integer) for day in (first, last))
            columns = (index.c[f"born{n}"] for n in range(BIRTHDATES))
            return or_(*(and_(one.is_not(None), one.between(low, high)) for one in columns))
        if asked.kind == "date":
            given = func.substr(cast(profile.c.value, Text), 2, 10)
            return _in_profile(stored, given.between(first.isoformat(), last.isoformat()))
        part = str(asked.part)
        if self.dialect == "postgresql":
            each = func.json_array_elements(profile.c.value).table_valued("value", name="e")
            given = each.c.value.op("->>")(part)
        else:
            each = func.json_each(profile.c.value).table_valued("value", name="e")
            given = func.json_extract(each.c.value, f"$.{part}")
        held = given.between(first.isoformat(), last.isoformat())
        return _in_profile(stored, exists(select(1).select_from(each).where(held)))

    def _followed(self, leaf: Followed) -> Expression:
        first, last = leaf.first, leaf.last
        if leaf.days is not None:
            first, last = self.today - timedelta(days=leaf.days), None
        at = index.c.followed_at
        since = at >= _midnight(first) if first else yes()
        until = at < _midnight(last + timedelta(days=1)) if last else yes()
        return and_(at.is_not(None), since, until)

    def _named(self, leaf: Known) -> Expression:
        """Whom a plugin names. `AudienceUnavailable` if it cannot."""
        declared = self.criteria.audiences[leaf.audience]
        try:
            chosen = declared.select(now=self.now, **dict(leaf.given)).subquery()
            (who,) = chosen.c
        except Exception as error:
            raise AudienceUnavailable(
                f"「{declared.label}」は、いま数えられません。条件から外すか、管理者に知らせてください。"
            ) from error
        return exists(select(1).where(who == index.c.resident_id))


def open_compiler(
    db: Session, criteria: Criteria, now: datetime, *, is_indexed: bool = True
) -> Compiler:
    """A compiler for this unit, whose answers it has looked up.

    `AudienceUnavailable` if the triggers are not there that keep the index.
    """
    dialect = db.get_bind().dialect.name
    if not is_kept(db):
        raise AudienceUnavailable(
            "送る相手の索引を、作り直しています。10分ほど待って、もう一度ためしてください。"
        )
    rows = db.execute(select(term.c.field, term.c.value, term.c.id))
    terms = {(field, value): number for field, value, number in rows}
    return Compiler(criteria, now, dialect, terms, is_indexed)


def has_settings() -> Expression:
    """Who has set anything at all."""
    return index.c.answered != 0


def _has_bits(word: int, mask: int) -> Expression:
    return index.c[f"w{word}"].bitwise_and(literal(mask, BigInteger)) != 0


def _in_profile(stored: str, test: Expression) -> Expression:
    theirs = (profile.c.resident_id == index.c.resident_id) & (profile.c.field == stored)
    return exists(select(1).select_from(profile).where(theirs, test))


def _stored(field: str, asked: ProfileField) -> str:
    return f"{field.partition('/')[0]}/{asked.stored}"


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), JST)
