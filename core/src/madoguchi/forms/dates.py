"""Questions for a date: 西暦 and 和暦 are accepted, 西暦 is stored."""

from dataclasses import KW_ONLY, dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from madoguchi.forms.asking import Asking, Control, Given, Mistake, Part
from madoguchi.forms.question import Question, ask_text, item, leave_out, read, within_limits
from madoguchi.reading import read_birthdate, read_date, show_date, show_era

PARTS = ("year", "month", "day")
Bound = date | int | None
"""A date, or so many days from today."""


@dataclass(frozen=True, slots=True)
class Date(Question):
    """A date from `earliest` to `latest`, each a date or a number of days from today."""

    _: KW_ONLY
    earliest: Bound = None
    latest: Bound = None
    AUTOCOMPLETE: ClassVar[tuple[str, str, str]] = ("", "", "")

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """A date picker; a typed date does as well."""
        action = {
            "type": "datetimepicker",
            "label": asking.say("カレンダーで選ぶ"),
            "data": asking.postback("*date"),
            "mode": "date",
        }
        first, last = self._bounds(asking)
        if first and last and first == last:
            last = None  # LINE wants min < max (R41)
        action |= {"min": first.isoformat()} if first else {}
        action |= {"max": last.isoformat()} if last else {}
        hint = asking.say("例：{example}", example=f"{asking.today.year}年4月1日")
        return [ask_text(self, asking, hint, [item(action)])]

    def page(self, asking: Asking) -> Control:
        """Year, month and day; the year may be one of an era."""
        stored = date.fromisoformat(asking.value) if asking.value else None
        given, parts = asking.given, []
        labels = (asking.say("年"), asking.say("月"), asking.say("日"))
        for name, label, complete in zip(PARTS, labels, self.AUTOCOMPLETE, strict=True):
            text = given.part(name) if given else str(getattr(stored, name, ""))
            mode, width = ("", 8) if name == "year" else ("numeric", 4)
            parts.append(Part(name, label, text, complete, mode, width=width))
        return Control("date", parts)

    def parse(self, given: Given, asking: Asking) -> str | None:
        """`2026-04-01`."""
        if given.is_empty:
            return leave_out(self)
        typed = given.text
        if given.parts:
            pieces = [given.part(name).strip() for name in PARTS]
            if missing := [n for n, one in zip(PARTS, pieces, strict=True) if not one]:
                raise Mistake("年、月、日をすべて入れてください。", missing[0])
            year, month, day = (one.rstrip("年月日") for one in pieces)
            typed = f"{year}年{month}月{day}日"  # nosay
        found = self._read(within_limits(typed), asking)
        first, last = self._bounds(asking)
        if first and found < first:
            raise Mistake(
                "{date}からの日付を入れてください。", date=show_date(first, asking.language)
            )
        if last and found > last:
            raise Mistake(
                "{date}までの日付を入れてください。", date=show_date(last, asking.language)
            )
        return found.isoformat()

    def _read(self, typed: str, asking: Asking) -> date:
        first, last = self._bounds(asking)
        past = last is not None and last <= asking.today
        future = first is not None and first >= asking.today
        return read(read_date, typed, asking.today, past=past, future=future and not past)

    def _bounds(self, asking: Asking) -> tuple[date | None, date | None]:
        def of(bound: Bound) -> date | None:
            return asking.today + timedelta(days=bound) if isinstance(bound, int) else bound

        return of(self.earliest), of(self.latest)

    def show(self, value: Any, asking: Asking) -> str:
        """`2026年4月1日（水）`."""
        return show_date(date.fromisoformat(value), asking.language) if value else ""


@dataclass(frozen=True, slots=True)
class Birthdate(Date):
    """A date of birth, shown with its era; always personal."""

    _: KW_ONLY
    personal: bool = True
    always_personal: ClassVar[bool] = True
    AUTOCOMPLETE: ClassVar[tuple[str, str, str]] = ("bday-year", "bday-month", "bday-day")

    def _read(self, typed: str, asking: Asking) -> date:
        return read(read_birthdate, typed, asking.today)

    def show(self, value: Any, asking: Asking) -> str:
        """`2024年5月3日（金） 令和6年5月3日`."""
        if not value:
            return ""
        born = date.fromisoformat(value)
        return f"{show_date(born, asking.language)} {show_era(born)}"
