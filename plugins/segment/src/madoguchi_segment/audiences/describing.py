# nosay: what is said here, staff read
"""A condition as a sentence: 「本町か駅前に住む人で、お子さんが3〜4か月」."""

from datetime import date

from madoguchi import Criteria
from madoguchi.languages import NAMES
from madoguchi_segment.audiences.condition import (
    FOLLOWED,
    LANGUAGE,
    Age,
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

EVERYONE = "友だち全員"
INNER = str.maketrans("「」", "『』")
UNITS = {"days": "日", "months": "か月", "years": "歳"}


def describe(condition: Condition, criteria: Criteria) -> str:
    """Who is meant, in plain Japanese."""
    match condition:
        case AllOf(parts):
            return "で、".join(_inner(part, criteria) for part in parts)
        case AnyOf(parts):
            return "、または".join(_inner(part, criteria) for part in parts)
        case Not(Unanswered(field)):
            return f"「{label_of(field, criteria)}」に答えた人"
        case Not(Not(part)):
            return describe(part, criteria)
        case Not(part):
            inner = describe(part, criteria).translate(INNER)
            return f"「{inner}」にあてはまらない人"
        case Everyone():
            return EVERYONE
        case Chosen(field, options):
            asked = criteria.fields[field]
            names = [option.label for one in options if (option := asked.option(one))]
            return asked.phrase.format(label=asked.label, answer="か".join(names))
        case Unanswered(field):
            return describe_unanswered(field, criteria)
        case Aged(field, least, most):
            return _phrase(field, criteria, _ages(least, most))
        case Dated(field, first, last):
            return _phrase(field, criteria, f"{_days(first, last)}生まれ")
        case Followed(days=int() as days):
            return f"この{days}日のあいだに友だちになった人"
        case Followed(first, last):
            return f"{_days(first, last)}に友だちになった人"
        case Speaks(languages):
            return f"{'か'.join(NAMES[one] for one in languages)}で読む人"
        case Known(audience, given):
            return _named(audience, dict(given), criteria)
    raise TypeError(f"{condition!r} is no condition")


def describe_unanswered(field: str, criteria: Criteria) -> str:
    """Those who have not answered a field."""
    if field == FOLLOWED:
        return "友だちになった日が、わからない人"
    return f"「{label_of(field, criteria)}」に答えていない人"


def label_of(field: str, criteria: Criteria) -> str:
    """What staff call a field."""
    return "ことば" if field == LANGUAGE else criteria.fields[field].label


def _inner(part: Condition, criteria: Criteria) -> str:
    """A part of a longer sentence: what has parts of its own stands in brackets."""
    text = describe(part, criteria)
    return f"（{text}）" if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1 else text


def _phrase(field: str, criteria: Criteria, answer: str) -> str:
    asked = criteria.fields[field]
    return asked.phrase.format(label=asked.label, answer=answer)


def _ages(least: Age, most: Age) -> str:
    if least == most:
        return f"{least.number}{UNITS[least.unit]}"
    first = "" if least.unit == most.unit else UNITS[least.unit]
    return f"{least.number}{first}〜{most.number}{UNITS[most.unit]}"


def _days(first: date | None, last: date | None) -> str:
    if first == last and first is not None:
        return _day(first)
    since = f"{_day(first)}から" if first else ""
    until = f"{_day(last)}まで" if last else ""
    return since + until


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _named(audience: str, given: dict[str, str | int | date], criteria: Criteria) -> str:
    declared = criteria.audiences[audience]
    shown = {}
    for one in declared.parameters:
        value = given[one.name]
        label = next((o.label for o in one.options if o.value == value), None)
        shown[one.name] = label or (_day(value) if isinstance(value, date) else str(value))
    return declared.phrase.format(**shown) if declared.phrase else declared.label
