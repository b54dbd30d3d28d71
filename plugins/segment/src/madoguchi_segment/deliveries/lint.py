# nosay: what is said here, staff read
"""What a colleague would notice in a text before it goes out: accidents of other cities, mostly.

A finding that `stops` has to be mended; the others are read and answered by the person.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from madoguchi import JST
from madoguchi_segment.deliveries.states import Delivery
from madoguchi_segment.deliveries.wording import names_in, texts_of

DAYS = "月火水木金土日"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at."""

    kind: str
    """"weekday", "drill", "placeholder", "phone", "section" or "empty"."""
    language: str
    words: str
    """What it is."""
    advice: str
    """What to do."""
    stops: bool


@dataclass(frozen=True, slots=True)
class Office:
    """What the city knows of itself."""

    sections: Collection[str] = ()
    """Names of all sections."""
    own: str = ""
    """The name of the section that sends."""
    phones: Collection[str] = ()
    """Telephone numbers that are known to be right."""


def missing(found: Delivery) -> list[str]:
    """What a delivery lacks, in words."""
    problems = []
    if not found.title.strip():
        problems.append("題名を書いてください。")
    japanese = found.content.get("ja") or []
    if not japanese or not any(text.strip() for text in texts_of(japanese)):
        problems.append("本文がありません。日本語の文を書いてください。")
    if found.condition is None and found.channel == "live" and found.corrects is None:
        problems.append("送る相手をえらんでください。")
    if found.timing is None and not found.emergency:
        problems.append("いつ送るかを決めてください。")
    return problems


def find(delivery: Delivery, now: datetime, office: Office) -> list[Finding]:
    """Everything to look at, by language."""
    today = now.astimezone(JST).date()
    found: list[Finding] = []
    for language, messages in delivery.content.items():
        texts = list(texts_of(messages))
        whole = "\n".join(texts)
        if messages and not whole.strip():
            found.append(
                Finding("empty", language, "文字がありません。", "本文を書いてください。", True)
            )
        found += _weekdays(whole, language, today)
        found += _drill(whole, language, delivery.channel)
        found += _placeholders(messages, whole, language)
        found += _phones(whole, language, office)
        found += _sections(whole, language, office)
    return found


# A date that does not match its weekday.

_DATE = re.compile(
    r"(?:(?P<year>20\d\d)年\s*|(?P<era>令和)\s*(?P<nth>\d{1,2}|元)年\s*|(?P<slash>20\d\d)/)?"
    r"(?P<month>\d{1,2})(?:月|/)\s*(?P<day>\d{1,2})日?"
    r"\s*[(（]\s*(?P<name>[月火水木金土日])(?:曜日?)?\s*(?:[・･,、]?祝)?\s*[)）]"
)
_WIDE = str.maketrans("０１２３４５６７８９／", "0123456789/")


def _weekdays(text: str, language: str, today: date) -> list[Finding]:
    found = []
    for match in _DATE.finditer(text.translate(_WIDE)):
        day = _day_of(match, today)
        said = match["name"]
        if day is None:
            words = f"「{match[0]}」という日は、ありません。"
        elif DAYS[day.weekday()] != said:
            right = DAYS[day.weekday()]
            words = f"「{match[0]}」とありますが、{day:%Y年%-m月%-d日}は{right}曜日です。"
        else:
            continue
        found.append(Finding("weekday", language, words, "日付か曜日を直してください。", True))
    return found


def _day_of(match: re.Match[str], today: date) -> date | None:
    """The date that is meant; without a year, the first one from three months ago on."""
    month, day = int(match["month"]), int(match["day"])
    if match["year"] or match["slash"]:
        years = [int(match["year"] or match["slash"])]
    elif match["era"]:
        years = [2018 + (1 if match["nth"] == "元" else int(match["nth"]))]
    else:
        years = [today.year - 1, today.year, today.year + 1]
    days = []
    for year in years:
        try:
            days.append(date(year, month, day))
        except ValueError:
            continue
    if len(years) == 1:
        return days[0] if days else None
    return next((one for one in days if one >= today - timedelta(days=90)), None)


# 訓練, placeholders, telephones, other sections.

_DRILL = re.compile(r"訓練|テスト(?!ステ)|ﾃｽﾄ|test(?:ing)?\b", re.IGNORECASE)
_NOT_A_DRILL = re.compile(r"(?:避難|防災|消防|総合|職業)訓練|テスト(?:期間|対策|勉強)|抗原テスト")
_HOLES = re.compile(
    r"[○〇●◯]{2,}|[XＸ×]{2,}|[?？]{3,}|_{3,}|＿{2,}|[…]{2,}"
    r"|(?:ここに|記入|入力してください|サンプル|ダミー|仮文|要確認|後で直す|T[O]DO|TBD|xxx)"
    r"|【(?:要|仮)[^】]*】|\[\[.*?\]\]|<<.*?>>",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\d-])0\d{1,4}[-－ー(（]\d{1,4}[-－ー)）]\d{3,6}(?!\d)|(?<!\d)0\d{9,10}(?!\d)"
)


def _drill(text: str, language: str, channel: str) -> list[Finding]:
    if channel == "drill":
        if "訓練" in text or language != "ja":
            return []
        advice = "はじめに【訓練】と書いてください。"
        return [Finding("drill", language, "「訓練」と書かれていません。", advice, True)]
    words = _DRILL.findall(_NOT_A_DRILL.sub("", text))
    if not words:
        return []
    said = f"本番の配信に「{words[0]}」とあります。"
    return [Finding("drill", language, said, "消すか、訓練の配信にしてください。", True)]


def _placeholders(messages: Any, text: str, language: str) -> list[Finding]:
    advice = "正しい文に書きかえてください。"
    holes = [f"{{{name}}}" for name in sorted(names_in(messages))]
    holes += [match[0] for match in _HOLES.finditer(text)]
    return [
        Finding("placeholder", language, f"「{hole}」が残っています。", advice, True)
        for hole in dict.fromkeys(holes)
    ]


def _phones(text: str, language: str, office: Office) -> list[Finding]:
    known = {_digits(phone) for phone in office.phones}
    found = []
    for number in dict.fromkeys(match[0] for match in _PHONE.finditer(text.translate(_WIDE))):
        digits = _digits(number)
        advice = "かけてみて、確かめてください。"
        if len(digits) not in (10, 11):
            words = f"「{number}」は、けた数がちがいます。"
            found.append(Finding("phone", language, words, "番号を直してください。", True))
        elif digits not in known:
            words = f"電話番号「{number}」は、登録された番号にありません。"
            found.append(Finding("phone", language, words, advice, False))
    return found


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone.translate(_WIDE))


def _sections(text: str, language: str, office: Office) -> list[Finding]:
    advice = "この課・係の名前でよいか、確かめてください。"
    rest = text.replace(office.own, "") if office.own else text
    return [
        Finding("section", language, f"ほかの課・係の名前「{name}」があります。", advice, False)
        for name in office.sections
        if name and name != office.own and name in rest
    ]
