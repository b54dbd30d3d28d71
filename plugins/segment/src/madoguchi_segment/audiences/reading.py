# nosay: what is said here, staff read
"""Conditions as JSON, read strictly: every mistake is said with its place and the way out.

    {"all": [{"field": "segment/area", "in": ["honcho", "ekimae"]},
             {"field": "segment/children", "age": {"from": {"months": 3}, "to": {"months": 4}}}]}

`{"any": […]}`, `{"not": {…}}`, `{"everyone": true}`, `{"field": …, "unanswered": true}`,
`{"field": …, "from": "2020-04-02", "to": "2021-04-01"}`, `{"followed": {"days": 30}}` or
`{"followed": {"from": …, "to": …}}`, `{"language": ["en"]}`, `{"audience": "booking/booked",
"with": {"service": "hall"}}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from madoguchi import Audience, Criteria, Parameter, ProfileField
from madoguchi.languages import NAMES
from madoguchi_segment.audiences.ages import birthday
from madoguchi_segment.audiences.condition import (
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
    Leaf,
    Not,
    Speaks,
    Unanswered,
)

DEEPEST = 8
MOST_PARTS = 200
"""Single conditions in a tree."""
UNITS = {"days": 55_000, "months": 1_800, "years": 150}
"""What an age is counted in, and the most of it."""
FIRST_YEAR, LAST_YEAR = 1900, 2199


class ConditionError(Exception):
    """A condition cannot be read; `problems` are sentences for staff."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_condition(value: Any, criteria: Criteria) -> Condition:
    """The condition that a JSON value holds, under what can be asked for now.

    Raises `ConditionError` with every mistake. What has gone into another option counts as that.
    """
    reader = _Reader(criteria)
    condition = reader.read(value, "", 1)
    if reader.leaves > MOST_PARTS:
        reader.say("", f"条件は{MOST_PARTS}個までです。似た条件をまとめてください。")
    if reader.problems or condition is None:
        raise ConditionError(reader.problems)
    return condition


def write_condition(condition: Condition) -> dict[str, Any]:
    """The JSON value of a condition; `read_condition` gives it back."""
    match condition:
        case AllOf(parts):
            return {"all": [write_condition(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [write_condition(part) for part in parts]}
        case Not(part):
            return {"not": write_condition(part)}
        case Everyone():
            return {"everyone": True}
        case Chosen(name, options):
            return {"field": name, "in": list(options)}
        case Unanswered(name):
            return {"field": name, "unanswered": True}
        case Aged(name, least, most):
            ages = {"from": {least.unit: least.number}, "to": {most.unit: most.number}}
            return {"field": name, "age": ages}
        case Dated(name, first, last):
            return {"field": name, **_days(first, last)}
        case Followed(first, last, days):
            return {"followed": _days(first, last) if days is None else {"days": days}}
        case Speaks(languages):
            return {"language": list(languages)}
        case Known(audience, given):
            shown = {k: v.isoformat() if isinstance(v, date) else v for k, v in given}
            return {"audience": audience, "with": shown} if given else {"audience": audience}
    raise TypeError(f"{condition!r} is no condition")


def _days(first: date | None, last: date | None) -> dict[str, str]:
    ends = {"from": first, "to": last}
    return {key: day.isoformat() for key, day in ends.items() if day is not None}


@dataclass
class _Reader:
    """Reads a tree and gathers what is wrong with it. What cannot be read is None."""

    criteria: Criteria
    problems: list[str] = field(default_factory=list)
    leaves: int = 0

    def say(self, at: str, text: str) -> None:
        self.problems.append(f"{at}：{text}" if at else text)

    def read(self, value: Any, at: str, depth: int) -> Condition | None:
        if not isinstance(value, Mapping):
            return self.say(at, '条件は {"all": […]} のように書いてください。')
        if depth > DEEPEST:
            return self.say(at, f"入れ子は{DEEPEST}段までです。条件を分けて保存してください。")
        kinds = ("all", "any", "not", "everyone", "field", "followed", "language", "audience")
        found = [key for key in kinds if key in value]
        if len(found) != 1:
            return self.say(at, f"{'、'.join(kinds)}のうち、1つだけを書いてください。")
        (kind,) = found
        own = {"field": {"in", "unanswered", "age", "from", "to"}, "audience": {"with"}}
        if other := sorted(map(str, set(value) - {kind} - own.get(kind, set()))):
            return self.say(at, f"「{other[0]}」は、{kind}といっしょに書けません。消してください。")
        place = f"{at}.{kind}" if at else kind
        if kind in ("all", "any"):
            return self._read_parts(kind, value[kind], place, depth)
        if kind == "not":
            part = self.read(value["not"], place, depth + 1)
            return None if part is None else Not(part)
        self.leaves += 1
        return self._read_leaf(kind, value, place)

    def _read_parts(self, kind: str, value: Any, at: str, depth: int) -> Condition | None:
        if not isinstance(value, list) or not value:
            return self.say(at, "条件を1つ以上、[ ] の中に書いてください。")
        read = [self.read(one, f"{at}[{n}]", depth + 1) for n, one in enumerate(value)]
        parts = tuple(one for one in read if one is not None)
        if len(parts) < len(value):
            return None
        return AllOf(parts) if kind == "all" else AnyOf(parts)

    def _read_leaf(self, kind: str, value: Mapping[str, Any], at: str) -> Leaf | None:
        match kind:
            case "everyone":
                return (
                    Everyone() if value[kind] is True else self.say(at, "true と書いてください。")
                )
            case "language":
                return self._read_languages(value[kind], at)
            case "followed":
                return self._read_followed(value[kind], at)
            case "audience":
                return self._read_audience(value, at)
            case _:
                return self._read_field(value, at)

    def _read_languages(self, value: Any, at: str) -> Leaf | None:
        if not isinstance(value, list) or not value:
            return self.say(at, "言語を1つ以上、[ ] の中に書いてください。")
        if unknown := [one for one in value if not isinstance(one, str) or one not in NAMES]:
            return self.say(at, f"「{unknown[0]}」は使えません。使えるのは{'、'.join(NAMES)}です。")
        return Speaks(tuple(dict.fromkeys(value)))

    def _read_followed(self, value: Any, at: str) -> Leaf | None:
        if not isinstance(value, Mapping):
            return self.say(at, '{"days": 30} か {"from": "2026-04-01"} のように書いてください。')
        if "days" in value:
            days = self._read_number(value["days"], at, 0, UNITS["days"])
            if len(value) > 1:
                return self.say(at, "days と、from や to は、いっしょに書けません。")
            return None if days is None else Followed(days=days)
        ends = self._read_days(value, at)
        return Followed(*ends) if ends else None

    def _read_field(self, value: Mapping[str, Any], at: str) -> Leaf | None:
        name, forms = value["field"], {"in", "unanswered", "age"} & set(value)
        if "from" in value or "to" in value:
            forms.add("from")
        if len(forms) != 1:
            return self.say(at, "in、unanswered、age、from と to のうち、1つだけを書いてください。")
        (form,) = forms
        if name == LANGUAGE and form == "unanswered":
            return self._read_unanswered(LANGUAGE, value, at)
        asked = self.criteria.fields.get(name) if isinstance(name, str) else None
        if asked is None:
            known = "、".join(self.criteria.fields) or "ありません"
            return self.say(at, f"「{name}」という項目はありません。使えるのは：{known}")
        fits = {"in": ("choice", "choices"), "age": ("date", "dates"), "from": ("date", "dates")}
        if asked.kind not in fits.get(form, (asked.kind,)):
            right = "in" if asked.kind in fits["in"] else "age か from と to"
            return self.say(at, f"「{asked.label}」には、{right} を使ってください。")
        match form:
            case "unanswered":
                return self._read_unanswered(name, value, at)
            case "in":
                return self._read_options(name, asked, value["in"], at)
            case "age":
                return self._read_ages(name, value["age"], f"{at}.age")
        ends = self._read_days({k: value[k] for k in ("from", "to") if k in value}, at)
        return Dated(name, *ends) if ends else None

    def _read_unanswered(self, name: str, value: Mapping[str, Any], at: str) -> Leaf | None:
        if value["unanswered"] is True:
            return Unanswered(name)
        return self.say(at, "unanswered は true だけです。答えた人は not を使ってください。")

    def _read_options(self, name: str, asked: ProfileField, value: Any, at: str) -> Leaf | None:
        if not isinstance(value, list) or not value:
            return self.say(at, f"「{asked.label}」から1つ以上えらんでください。")
        options = []
        for one in value:
            option = asked.option(one) if isinstance(one, str) else None
            if option is None:
                gone = f"「{asked.label}」に「{one}」は、もうありません。条件から外してください。"
                return self.say(at, gone)
            options.append(option.value)
        return Chosen(name, tuple(dict.fromkeys(options)))

    def _read_ages(self, name: str, value: Any, at: str) -> Leaf | None:
        if not isinstance(value, Mapping) or set(value) != {"from", "to"}:
            return self.say(at, '{"from": {"months": 3}, "to": {"months": 4}} と書いてください。')
        least, most = (self._read_age(value[end], f"{at}.{end}") for end in ("from", "to"))
        if least is None or most is None:
            return None
        born = date(2000, 1, 1)
        if birthday(born, least) > birthday(born, most):
            return self.say(at, "from の方が、to より大きくなっています。入れかえてください。")
        return Aged(name, least, most)

    def _read_age(self, value: Any, at: str) -> Age | None:
        if not isinstance(value, Mapping) or len(value) != 1 or not set(value) <= set(UNITS):
            return self.say(at, "days、months、years のうち、1つだけを書いてください。")
        ((unit, number),) = value.items()
        read = self._read_number(number, at, 0, UNITS[unit])
        return None if read is None else Age(read, unit)

    def _read_audience(self, value: Mapping[str, Any], at: str) -> Leaf | None:
        name, given = value["audience"], value.get("with", {})
        declared = self.criteria.audiences.get(name) if isinstance(name, str) else None
        if declared is None:
            known = "、".join(self.criteria.audiences) or "ありません"
            return self.say(at, f"「{name}」は、いま使えません。使えるのは：{known}")
        if not isinstance(given, Mapping):
            return self.say(at, "with は { } で書いてください。")
        return self._read_given(name, declared, given, at)

    def _read_given(
        self, name: str, declared: Audience, given: Mapping[str, Any], at: str
    ) -> Leaf | None:
        needed = {one.name: one for one in declared.parameters}
        if other := [key for key in given if key not in needed]:
            known = "、".join(needed) or "ありません"
            return self.say(at, f"「{declared.label}」に「{other[0]}」はありません：{known}")
        if missing := [one.label for key, one in needed.items() if key not in given]:
            return self.say(at, f"「{declared.label}」の「{missing[0]}」を入れてください。")
        read = {k: self._read_value(one, given[k], f"{at}.{k}") for k, one in needed.items()}
        if any(one is None for one in read.values()):
            return None
        return Known(name, tuple(read.items()))

    def _read_value(self, asked: Parameter, value: Any, at: str) -> Any:
        match asked.kind:
            case "number":
                return self._read_number(value, at, asked.least, asked.most)
            case "date":
                return self._read_day(value, at)
            case "choice":
                known = {answer: one.value for one in asked.options for answer in one.stored}
                known |= {one.value: one.value for one in asked.options}
                if isinstance(value, str) and value in known:
                    return known[value]
                return self.say(at, f"「{asked.label}」に「{value}」はありません。")
        if isinstance(value, str) and value.strip() and len(value) <= 200:
            return value.strip()
        return self.say(at, f"「{asked.label}」を200字までで入れてください。")

    def _read_number(self, value: Any, at: str, least: int, most: int) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        return self.say(at, f"{least}から{most:,}までの数を書いてください。")

    def _read_days(self, value: Mapping[str, Any], at: str) -> tuple[Any, Any] | None:
        if not value or not set(value) <= {"from", "to"}:
            return self.say(at, "from と to に日付を書いてください。片方だけでもかまいません。")
        read = {end: self._read_day(day, f"{at}.{end}") for end, day in value.items()}
        if None in read.values():
            return None
        first, last = read.get("from"), read.get("to")
        if first and last and first > last:
            return self.say(at, "from の方が、to よりあとの日です。入れかえてください。")
        return first, last

    def _read_day(self, value: Any, at: str) -> date | None:
        try:
            day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
        except ValueError:
            day = None
        if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
        return self.say(at, f"「{value}」は日付ではありません。2026-04-01 のように書いてください。")
