# nosay: what is said here, staff read
"""いつ as a form, and the timing that it means."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from madoguchi import Criteria
from madoguchi_segment.deliveries.schedules import NAMES, WEEKDAYS
from madoguchi_segment.deliveries.states import Refused

KINDS = {
    "now": "承認されたら、すぐに",
    "once": "日時を決めて、1回",
    "day": "毎日",
    "week": "毎週",
    "month": "毎月、決まった日",
    "month end": "毎月の最後の日",
    "nth weekday": "毎月、第何曜日",
    "dates": "日をえらんで、何回か",
    "remind": "1人ひとりの日付に合わせて（健診など）",
}
REPEATED = set(KINDS) - {"now", "once"}
CLOSED = {
    "": "閉庁日も送る",
    "skip": "閉庁日は送らない",
    "before": "閉庁日なら、前の開庁日に送る",
    "after": "閉庁日なら、次の開庁日に送る",
}
NTH = {"1": "第1", "2": "第2", "3": "第3", "4": "第4", "5": "第5", "-1": "最終"}
DAYS = list(zip(WEEKDAYS, NAMES, strict=True))
PACES = {"0": "できるだけ早く", "10": "10分かけて", "30": "30分かけて", "60": "1時間かけて"}


@dataclass(frozen=True, slots=True)
class When:
    """What is typed."""

    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    many: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """What an input holds."""
        return self.values.get(name, "")


SINGLE = (
    *("on", "at", "monthdays", "dates", "without", "closed", "spread"),
    *("remind_field", "months", "days", "side", "ceiling", "until", "chosen_time"),
)
SEVERAL = ("weekday", "nth")


def read_when(form: Any) -> When:
    """What a form holds."""
    kind = form.get("when", "")
    values = {name: str(form.get(name) or "").strip() for name in SINGLE}
    many = {name: tuple(form.getlist(name)) for name in SEVERAL}
    return When(kind if kind in KINDS else "", values, many)


def timing_of(when: When, criteria: Criteria) -> dict[str, Any] | None:
    """The timing as JSON; None: not decided yet. `Refused` says what is missing."""
    if not when.kind:
        return None
    if when.kind == "now":
        return {"every": "once"}
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", when.one("at")):
        raise Refused("timing", "送る時刻を、10:00 のように入れてください。")
    made: dict[str, Any] = {"every": when.kind, "at": when.one("at").zfill(5)}
    match when.kind:
        case "once":
            made["day"] = _day(when.one("on"), "送る日")
        case "week":
            made["days"] = _several(when, "weekday", WEEKDAYS, "曜日")
        case "month":
            made["days"] = _month_days(when.one("monthdays"))
        case "nth weekday":
            made["nth"] = [int(n) for n in _several(when, "nth", NTH, "第何週か")]
            made["days"] = _several(when, "weekday", WEEKDAYS, "曜日")
        case "dates":
            made["dates"] = _dates(when.one("dates"), "送る日")
            if not made["dates"]:
                raise Refused("timing", "送る日を、1行に1つずつ書いてください。")
        case "remind":
            made["every"] = "day"
            made["remind"] = _remind(when, criteria)
    if without := _dates(when.one("without"), "送らない日"):
        made["without"] = without
    if when.kind != "once" and when.one("closed") in ("skip", "before", "after"):
        made["closed"] = when.one("closed")
    return made


def more_of(when: When) -> dict[str, Any]:
    """What else belongs to it: the pace, and a rule's ceiling and end."""
    is_rule = when.kind in REPEATED
    spread, ceiling, until = when.one("spread"), when.one("ceiling"), when.one("until")
    made: dict[str, Any] = {
        "kind": "rule" if is_rule else "announcement",
        "spread": int(spread) if spread.isdecimal() and len(spread) < 6 else 0,
        "chosen_time": when.one("chosen_time") == "1",
        "ceiling": None,
        "until": None,
    }
    if is_rule and ceiling:
        digits = ceiling.replace(",", "").replace("人", "")
        if not digits.isdecimal() or len(digits) > 8:
            raise Refused("ceiling", "1回に送る人数の上限を、数字で入れてください。")
        made["ceiling"] = int(digits)
    if is_rule and until:
        made["until"] = _day(until, "終わりの日")
    return made


def _several(when: When, name: str, known: Any, what: str) -> list[str]:
    chosen = [one for one in when.many.get(name, ()) if one in known]
    if not chosen:
        raise Refused("timing", f"{what}をえらんでください。")
    return chosen


def _day(value: str, what: str) -> str:
    try:
        return date.fromisoformat(value.replace("/", "-")).isoformat()
    except ValueError:
        raise Refused("timing", f"{what}を、2026-04-01 のように入れてください。") from None


def _dates(value: str, what: str) -> list[str]:
    found = [_day(one, what) for one in re.split(r"[\s,、]+", value) if one]
    return sorted(dict.fromkeys(found))


def _month_days(value: str) -> list[int]:
    days = [one.removesuffix("日") for one in re.split(r"[\s,、・]+", value) if one]
    if not days or not all(one.isdecimal() and 1 <= int(one) <= 31 for one in days):
        raise Refused("timing", "何日に送るかを、「1、15」のように入れてください。")
    return sorted({int(one) for one in days})


def _remind(when: When, criteria: Criteria) -> dict[str, Any]:
    asked = criteria.fields.get(when.one("remind_field"))
    if asked is None or asked.kind not in ("date", "dates"):
        raise Refused("timing", "どの日付に合わせるかをえらんでください。")
    for name, what in (("months", "か月"), ("days", "日")):
        if when.one(name) and not when.one(name).isdecimal():
            raise Refused("timing", f"「{what}」は、数字で入れてください。")
    sign = -1 if when.one("side") == "before" else 1
    owner, _, name = when.one("remind_field").partition("/")
    return {
        "field": f"{owner}/{asked.question or name}",
        "part": asked.part,
        "months": int(when.one("months") or 0),
        "days": sign * int(when.one("days") or 0),
    }


def when_of(delivery: Any, criteria: Criteria) -> When:
    """What a form shows for a delivery."""
    values = {
        "spread": str(delivery.spread),
        "ceiling": "" if delivery.ceiling is None else str(delivery.ceiling),
        "until": delivery.until or "",
        "chosen_time": "1" if delivery.chosen_time else "",
    }
    raw = delivery.timing
    if raw is None:
        return When("", values)
    values |= {"at": raw.get("at") or "", "closed": raw.get("closed") or ""}
    values["without"] = "\n".join(raw.get("without", ()))
    every, days = raw["every"], raw.get("days", ())
    if raw.get("remind"):
        remind = raw["remind"]
        values |= {
            "remind_field": remind["field"],
            "months": str(remind.get("months") or ""),
            "days": str(abs(remind.get("days", 0)) or ""),
            "side": "before" if remind.get("days", 0) < 0 else "after",
        }
        return When("remind", values)
    if every == "once":
        return When("once" if raw.get("day") else "now", values | {"on": raw.get("day") or ""})
    if every == "month":
        return When("month", values | {"monthdays": "、".join(str(day) for day in days)})
    if every == "dates":
        return When("dates", values | {"dates": "\n".join(raw.get("dates", ()))})
    many = {"weekday": tuple(days), "nth": tuple(str(n) for n in raw.get("nth", ()))}
    return When(every, values, many)


def date_fields(criteria: Criteria) -> Sequence[tuple[str, str]]:
    """The dates that residents gave."""
    found = criteria.fields.items()
    return [(key, one.label) for key, one in found if one.kind in ("date", "dates")]
