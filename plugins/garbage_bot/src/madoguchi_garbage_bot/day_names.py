# nosay: the names of days, in every language at once
"""What a day is called in each language: 12月1日（火）, Tue, Dec 1."""

from datetime import date

from madoguchi.languages import Words

WEEKDAYS = "月火水木金土日"
_READINGS = ("げつ", "か", "すい", "もく", "きん", "ど", "にち")
_ENGLISH = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH_READINGS = [
    "いちがつ",
    "にがつ",
    "さんがつ",
    "しがつ",
    "ごがつ",
    "ろくがつ",
    "しちがつ",
    "はちがつ",
    "くがつ",
    "じゅうがつ",
    "じゅういちがつ",
    "じゅうにがつ",
]
_DAY_READINGS = {
    **dict(
        enumerate(
            [
                "ついたち",
                "ふつか",
                "みっか",
                "よっか",
                "いつか",
                "むいか",
                "なのか",
                "ようか",
                "ここのか",
            ],
            1,
        )
    ),
    10: "とおか",
    14: "じゅうよっか",
    20: "はつか",
    24: "にじゅうよっか",
}


def name_day(day: date) -> Words:
    """A day with its weekday."""
    number = day.weekday()
    reading = _DAY_READINGS.get(day.day)
    easy_day = f"｜{day.day}日《{reading}》" if reading else f"{day.day}日《にち》"
    return {
        "ja": f"{day.month}月{day.day}日（{WEEKDAYS[number]}）",
        "ja-easy": f"｜{day.month}月《{_MONTH_READINGS[day.month - 1]}》{easy_day}"
        f"（{WEEKDAYS[number]}曜日《{_READINGS[number]}ようび》）",
        "en": f"{_ENGLISH[number]}, {_MONTHS[day.month - 1]} {day.day}",
    }


def name_month(day: date) -> Words:
    """A month with its year."""
    return {
        "ja": f"{day.year}年{day.month}月",
        "ja-easy": f"{day.year}年《ねん》｜{day.month}月《{_MONTH_READINGS[day.month - 1]}》",
        "en": f"{_MONTHS[day.month - 1]} {day.year}",
    }


def name_weekday(number: int) -> Words:
    """A weekday as the head of a column; 0 is Monday."""
    easy = f"{WEEKDAYS[number]}《{_READINGS[number]}》"
    return {"ja": WEEKDAYS[number], "ja-easy": easy, "en": _ENGLISH[number]}
