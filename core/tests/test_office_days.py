"""When the offices are open."""

from datetime import date
from types import SimpleNamespace

import pytest

from madoguchi.office_days import OfficeDays

OWN = [
    SimpleNamespace(day=date(2026, 5, 15), label="開庁記念日", is_open=False),
    SimpleNamespace(day=date(2026, 5, 16), label="土曜開庁", is_open=True),
]
DAYS = OfficeDays.of(OWN)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-04-01", ""),
        ("2026-04-04", "土曜日"),
        ("2026-04-05", "日曜日"),
        ("2026-04-29", "昭和の日"),
        ("2026-05-06", "憲法記念日 振替休日"),
        ("2026-09-22", "国民の休日"),
        ("2026-12-28", ""),
        ("2026-12-29", "年末年始"),
        ("2027-01-01", "元日"),
        ("2027-01-03", "年末年始"),
        ("2027-01-04", ""),
        ("2026-05-15", "開庁記念日"),
        ("2026-05-16", ""),
    ],
)
def test_each_day_is_open_or_says_why_not(day, why):
    assert DAYS.why_closed(date.fromisoformat(day)) == why
    assert DAYS.is_open(date.fromisoformat(day)) is (why == "")


def test_the_next_open_day():
    assert DAYS.next_open(date(2026, 12, 29)) == date(2027, 1, 4)
    assert DAYS.next_open(date(2026, 5, 15)) == date(2026, 5, 16)
    assert DAYS.next_open(date(2026, 4, 1)) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("own", "today", "missing"),
    [
        (OWN, "2026-09-30", None),
        (OWN, "2026-10-01", 2027),
        ([], "2026-12-01", None),
        (
            [*OWN, SimpleNamespace(day=date(2027, 5, 14), label="x", is_open=False)],
            "2026-12-01",
            None,
        ),
    ],
)
def test_somebody_is_told_when_next_year_is_missing(own, today, missing):
    assert OfficeDays.of(own).missing_year(date.fromisoformat(today)) == missing
