# nosay: what residents type
"""The words of questions about collection days: Japanese, plain Japanese and English.

Data, and how a text and a category's name are folded to it.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Span:
    """Which days are asked for, seen from today."""

    kind: Literal["day", "weekday", "date", "week", "month", "month_of", "turn"]
    """`day`, `week`, `month`: the one that is `number` away. `weekday`: of the week that is
    `number` away, or with None the next one, today included. `date`: a day of month `number`, or
    with None of the month in which it comes next. `month_of`: the next month of that number.
    `turn`: the turn of the year."""
    number: int | None = None
    day: int = 0
    """The weekday, 0 is Monday; or the day of the month."""


Kind = Literal[
    "span", "category", "garbage", "collection day", "collecting", "when", "next", "day", "small"
]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word stands for."""

    kind: Kind
    span: Span | None = None
    categories: tuple[str, ...] = ()


_SPANS = {
    Span("day", 0): "今日 本日 きょう ほんじつ 今朝 けさ 今日中 today todays thismorning tonight",
    Span("day", 1): "明日 あした あす みょうにち 翌日 あしたの朝 明朝 tomorrow tomorrows",
    Span("day", 2): "明後日 あさって dayaftertomorrow thedayaftertomorrow",
    Span("day", 3): "明々後日 明明後日 しあさって",
    Span("day", -1): "昨日 きのう yesterday",
    Span("week", 0): "今週 こんしゅう 今週中 thisweek thisweeks",
    Span("week", 1): "来週 らいしゅう 翌週 次の週 nextweek nextweeks",
    Span("week", 2): "再来週 さらいしゅう theweekafternext weekafternext",
    Span("month", 0): "今月 こんげつ thismonth thismonths",
    Span("month", 1): "来月 らいげつ 翌月 nextmonth nextmonths",
    Span("turn"): "年末年始 年末 年始 お正月 正月 おしょうがつ ねんまつねんし newyear newyears",
}
_WEEKDAYS = [
    "月曜 げつよう monday mon mondays",
    "火曜 かよう tuesday tue tuesdays",
    "水曜 すいよう wednesday wed wednesdays",
    "木曜 もくよう thursday thu thursdays",
    "金曜 きんよう friday fri fridays",
    "土曜 どよう saturday sat saturdays",
    "日曜 にちよう sunday sun sundays",
]
_MONTHS = "january february march april may june july august september october november december"
_WORDS: dict[Kind, str] = {
    "garbage": (
        "ごみ 塵 ごみ出し ごみだし ごみ捨て ごみすて 収集 回収 しゅうしゅう かいしゅう"
        " garbage trash rubbish waste refuse collection collected pickup pickedup"
    ),
    "collection day": (
        "収集日 回収日 ごみの日 ごみのひ ごみ収集日 ごみ出しの日 ごみ出し日 しゅうしゅうび"
        " かいしゅうび 収集曜日 収集カレンダー ごみカレンダー 収集予定 収集スケジュール"
        " collectionday collectiondays garbageday trashday collectionschedule"
        " collectioncalendar"
    ),
    "collecting": (
        "出す 出せる 出せます 出して 出したい 出し 出せば"
        " だす だせる だせます だして だせば 捨てる 捨てられる 捨てられます 捨てて 捨てたい"
        " 捨てれば すてる すてられる すてられます すてて すてたい すてれば 持っていく"
        " 持っていって もっていく 集める あつめる あつめます 集めます 取りに来る 来る 来ます"
        " くる きます collect putout takeout throwaway"
        " throwout dispose"
    ),
    "when": (
        "いつ 何曜日 何曜 なんようび 何日 なんにち なん日 何よう日 いつごろ いつ頃 いつなら"
        " 第何週 何週目 when whatday whichday whatdays whichdays"
    ),
    "next": "次 つぎ 次回 じかい 今度 こんど next upcoming",
    "day": "日 ひ 曜日 ようび 日程 予定 よてい カレンダー スケジュール day days schedule calendar",
    "small": (
        "は の を が に で も と か ね よ な だ や へ から まで って っけ です ます でした"
        " ですか ますか ですかね でしょうか でしょう だろう だっけ でしたっけ だよね かな"
        " かしら のか んですか 何 なに なん なんの 何の どの どれ どんな どういう なんだっけ"
        " 種類 しゅるい 類 ある あり あります ありますか 無い ない いい よい 良い いいの"
        " いいですか よいですか ok 教えて おしえて 知りたい しりたい ください 下さい"
        " くださいませ ほしい 欲しい お願い おねがい します お願いします すみません すいません"
        " こんにちは こんばんは おはよう おはようございます あの えっと ちなみに 朝 あさ 夜"
        " よる うち わたし 私 この ここ この辺 された される れる します しますか する してる"
        " している した しますでしょうか きますか ますでしょうか ございます the a an is are be"
        " it its this that they i we you can do does will should must my me our of on in at"
        " for to and or out up please tell what whats which kind type there any thing s item"
        " items hi hello have having go goes get gets put take throw away"
    ),
}

_GROUPS = [
    (
        "燃やす 燃える 燃やせる 燃す 可燃 もやす もえる もやせる 普通ごみ 一般ごみ 家庭ごみ",
        "生ごみ 台所ごみ かねん burnable burnables combustible combustibles foodwaste",
    ),
    (
        "燃やさない 燃えない 燃やせない 不燃 もやさない もえない もやせない",
        "ふねん nonburnable nonburnables unburnable incombustible noncombustible",
    ),
    (
        "ぷら",
        "ぷらすちっく ぷらすてぃっく ぷらまーく 容器包装 plastic plastics plasticpackaging",
    ),
    ("ぺっとぼとる", "ぺっと petbottle petbottles plasticbottle plasticbottles pet"),
    (
        "びん 瓶",
        "空きびん 空き瓶 空瓶 あきびん ガラスびん glass glassbottle glassbottles bottles bottle",
    ),
    ("缶 かん", "空き缶 空缶 あきかん あき缶 アルミ缶 スチール缶 cans tins tincans"),
    (
        "紙 かみ",
        "古紙 こし 紙類 新聞 新聞紙 しんぶん 雑誌 ざっし 段ボール ダンボール だん箱 雑がみ 紙パック"
        " 牛乳パック paper papers cardboard newspaper newspapers magazines wastepaper",
    ),
    ("布 ぬの 衣類", "古布 古着 ふるぎ 服 いるい 布類 clothes cloth clothing textiles oldclothes"),
    ("資源 しげん リサイクル", "資源物 recyclable recyclables recycling recycle"),
    (
        "粗大 大型 そだい",
        "おおがた 大きいごみ 大きなごみ large bulky oversized largeitems bulkyitems",
    ),
    ("有害 危険", "ゆうがい きけん hazardous dangerous"),
]
"""A category whose name holds one of the first words is called by them and by the others."""


def fold_words(text: str) -> str:
    """One form for widths, case and kana, without spaces, marks and emoji: プラは？ is ぷらは."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
    # A slash stands in dates: 10/5.
    return "".join(c for c in text if c in "ー/" or unicodedata.category(c)[0] in "LN")


def own_words(name: str, further: Iterable[str] = ()) -> set[str]:
    """The folded words for a category that its name holds, and `further` ones."""
    bare = re.sub(r"[（(].*?[)）]", "", name)
    found = {fold_words(one) for one in (name, bare, *further)} | _parts(name)
    return {found for one in found for found in (one, _bare(one))} - {""}


def usual_words(name: str) -> set[str]:
    """The folded words that people use for a category of such a name."""
    parts = _parts(name)
    found: set[str] = set()
    for keys, more in _GROUPS:
        if any(_is_named(key, parts) for key in _folded(keys)):
            found |= {*_folded(keys), *_folded(more)}
    return found


def _parts(name: str) -> set[str]:
    return {fold_words(part) for part in re.split(r"[・、,，/／（）()]|及び|と", name)} - {""}


def _bare(word: str) -> str:
    return re.sub("(?:ごみ|類|物)+$", "", word)


def _is_named(key: str, parts: set[str]) -> bool:
    """かん stands in many words, so short kana have to be a whole part, or its end (あきびん)."""
    if len(key) == 2 and all("ぁ" <= c <= "ゖ" for c in key) and key != "ぷら":
        return any(part.removesuffix("類").endswith(key) for part in parts)
    return any(key in part for part in parts)


def _folded(words: str) -> list[str]:
    return [fold_words(word) for word in words.split()]


def _lexicon() -> dict[str, Meaning]:
    found: dict[str, Meaning] = {}
    for kind, words in _WORDS.items():
        found |= {word: Meaning(kind) for word in _folded(words)}
    for span, words in _SPANS.items():
        found |= {word: Meaning("span", span) for word in _folded(words)}
    for weekday, words in enumerate(_WEEKDAYS):
        for word in _folded(words):
            meaning = Meaning("span", Span("weekday", None, weekday))
            ends = ["", "日", "び"] if not word.isascii() else [""]
            found |= {word + end: meaning for end in ends}
    for number, word in enumerate(_MONTHS.split(), 1):
        found[word] = Meaning("span", Span("month_of", number))
    return found


LEXICON = _lexicon()
"""Folded word → what it stands for; a city's categories come in addition."""
