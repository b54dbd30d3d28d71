# nosay: what is said here, staff read
"""Which column of a dictionary's file holds what, found by the words of its header."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madoguchi_garbage_bot.reading import Row

LANGUAGES = ("ja-easy", "en", "zh-hans", "zh-hant", "ko", "vi", "pt", "es", "tl", "ne", "id")
TITLES = {
    "id": "番号",
    "name": "品名",
    "reading": "読み",
    "category": "分別区分",
    "note": "注意点",
    "remarks": "備考",
    "fee_kind": "料金種別",
    "fee": "料金",
    "fee_note": "料金備考",
    "synonyms": "別の言い方",
}
WORDS = {
    field: frozenset(words.split())
    for field, words in {
        "id": "id #property no no. 番号 管理番号 項番",
        "name": "name 品目 品名 ゴミの品目 ごみの品目 hinmoku item 品目名 名称",
        "reading": "furigana hiragana kana ゴミの品目_カナ ごみの品目_カナ 品目_カナ 読み よみ "
        "ふりがな フリガナ 読み仮名 よみがな カナ",
        "category": "type label category classification kubun 分別区分 区分 分別 分類 "
        "ごみの区分 ゴミの区分 ごみの種類 出し方区分",
        "note": "notice note 注意点 出し方のポイント 出し方 ポイント 説明 注意事項",
        "remarks": "備考 remarks",
        "fee_kind": "料金種別",
        "fee": "料金 手数料 fee",
        "fee_note": "料金備考",
        "synonyms": "別の言い方 別名 synonyms キーワード",
        "name.en": "ゴミの品目_英字 ごみの品目_英字 品目_英字 english 英語",
    }.items()
}
NEEDED = ("name", "category")
_PREFIX = re.compile(r"^(ごみ|ゴミ)の分別方法_")
_LANGUAGE = re.compile(rf"^(.+?)[_:.]({'|'.join(LANGUAGES)})$")
_SEEN = 30
"""Rows in which the header is looked for."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file holds what: `places` of the fields, and the header as it stands there."""

    row: int
    header: tuple[str, ...]
    places: Mapping[str, int]

    @property
    def unused(self) -> list[str]:
        """Headings of columns that are not read."""
        used = set(self.places.values())
        return [word for place, word in enumerate(self.header) if word and place not in used]

    def title(self, field: str) -> str:
        """How the file itself calls a field."""
        return self.header[self.places[field]] if field in self.places else TITLES[field]


def find_layout(rows: Sequence[Row], named: Mapping[str, str]) -> Layout | None:
    """The first row that names an item and a category; `named` says how the city calls them."""
    ours = {_plain(heading): field for field, heading in named.items()}
    for row in rows[:_SEEN]:
        places: dict[str, int] = {}
        for place, cell in enumerate(row.cells):
            field = ours.get(_plain(cell)) or _find_field(cell)
            if field and field not in places:
                places[field] = place
        if all(field in places for field in NEEDED):
            return Layout(row.number, row.cells, places)
    return None


def _find_field(heading: str) -> str | None:
    plain = _plain(heading)
    for field, words in WORDS.items():
        if plain in words:
            return field
    if found := _LANGUAGE.match(plain):
        field = _find_field(found[1])
        return f"{field}.{found[2]}" if field and "." not in field else None
    return None


def _plain(heading: str) -> str:
    """A heading without the differences nobody means."""
    text = unicodedata.normalize("NFKC", heading).strip().lower()
    return re.sub(r"\s", "", _PREFIX.sub("", text)).replace("(", "").replace(")", "")
