# nosay: words that residents and lists use
"""What tells entries of one name apart: material, size, state. Read from names and questions."""

import re
from collections.abc import Iterable

MATERIALS = {
    "木": "木製 木質 木 ウッド 木材 桐 籐 籐製 藤製 木でできた",
    "竹": "竹製 竹",
    "プラスチック": "プラスチック製 プラスチック プラ製 プラ 樹脂製 樹脂 容プラ アクリル ポリ "
    "発泡スチロール製 セルロイド製",
    "金属": "金属製 金属 鉄製 鉄 アルミ製 アルミ ステンレス製 ステンレス スチール製 スチール "
    "銅製 銅 針金 ホーロー ブリキ 真鍮",
    "ガラス": "ガラス製 ガラス 硝子",
    "陶器": "陶器製 陶器 陶磁器製 陶磁器 瀬戸物 せともの 磁器 セラミック製 セラミック 素焼き "
    "焼き物",
    "紙": "紙製 紙 段ボール製 ボール紙",
    "布": "布製 布 綿 羊毛 ウール 毛糸 ナイロン製 ナイロン 化繊 羽毛",
    "革": "革製 革 皮革製 皮革 皮製 皮 レザー 合皮 合皮製 合成皮革 合成皮革製 本革",
    "ゴム": "ゴム製 ゴム",
    "ビニール": "ビニール製 ビニール 塩ビ",
    "シリコン": "シリコン製 シリコン",
    "スポンジ": "スポンジ製 スポンジ ウレタン製 ウレタン",
    "石": "石製 石 コンクリート製 コンクリート",
    "水銀": "水銀式 水銀",
    "電気": "電動 電気 電動式 電気式 充電式 電子",
    "デジタル": "デジタル式 デジタル",
    "手動": "手動 手動式",
}  # fmt: skip
WORKINGS = frozenset({"電気", "デジタル", "水銀"})
"""Without a word of it in the list, such a thing may be another thing altogether."""
_KIND = {word: kind for kind, words in MATERIALS.items() for word in words.split()}
_LONGEST = sorted(_KIND, key=len, reverse=True)
_BARE = [word for word in _LONGEST if len(word) > 1]
_MADE_OF = re.compile(rf"({'|'.join(_LONGEST)})")
_BEFORE = re.compile(
    rf"^({'|'.join(_LONGEST)})(の(もの|物)?で?(できた)?|で(でき|作ら|つくら)(てい|れ)?る?た?|"
    rf"っぽい)(?=.)"
)
_JOINED = re.compile(rf"^({'|'.join(_BARE)})(?=.{{2,}})")
_AFTER = re.compile(
    rf"(({'|'.join(_LONGEST)})[・、]?)+製(の物|のもの)?$"
    r"|(厚さ|長さ|直径|幅|高さ)?\d+(\.\d+)?(cm|㎝|mm|ｃｍ|m|kg|l|リットル)?(×\d+\w*)*(以上|"
    r"以下|未満|超える|を超える|超)(のもの|の物)?$"
    r"|(金属部分)?\d+[%％](以上|以下|未満)(金属製)?$"
)
_QUALIFIER = re.compile(
    r"(製|用|式|付き?|つき|あり|有り|なし|無し|不可|含む|含み|除く|以外|まで|以上|以下|未満|"
    r"超える|超|のみ|限る|場合|部分|本体|物|もの|ない|る|た|型|形|系|可|可能|必要|使用|不使用|"
    r"状|付属品|対象|家庭|事業|業|大|中|小|\d.*)$"
)


def find_materials(text: str) -> frozenset[str]:
    """The materials and ways of working that a qualifier speaks of."""
    return frozenset(_KIND[word] for word in _MADE_OF.findall(text))


def take_material(text: str) -> tuple[frozenset[str], str]:
    """A question's first word if it is a material (木の…, プラスチック…), and the rest."""
    if found := _BEFORE.match(text) or _JOINED.match(text):
        rest = text[found.end() :]
        return frozenset({_KIND[found[1]]}), rest.removeprefix("の")
    return frozenset(), text


def cut_qualifier(name: str) -> tuple[str, str]:
    """A name whose last words are a material or a size (アルバム紙製, 将棋盤厚さ10cm未満)."""
    found = _AFTER.search(name)
    if found and found.start() > 1:
        return name[: found.start()], found[0]
    return name, ""


def is_qualifier(text: str) -> bool:
    """Whether a text in brackets tells which one is meant, and is no other name for it."""
    plain = text.strip()
    return bool(_QUALIFIER.search(plain)) or plain in _KIND or len(plain) < 2


def is_only_material(texts: Iterable[str]) -> bool:
    """Whether all these qualifiers speak of a material."""
    return all(find_materials(text) for text in texts)
