"""Whole numbers as people write them: 3, ３人, 三つ, 二十, 1万2千, 二〇二六, ふたり."""

import re

from madoguchi.reading.texts import Unreadable, fold

_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}  # nosay
_DIGITS |= {digit: value for value, digit in enumerate("0123456789")}
_OLD = str.maketrans("零壱弌弐弍参弎肆伍陸漆捌玖拾萬", "〇一一二二三三四五六七八九十万")  # nosay
_TENS = {"十": 10, "百": 100, "千": 1000}  # nosay
_MYRIADS = {"万": 10**4, "億": 10**8, "兆": 10**12}  # nosay
_WORDS = {  # nosay
    "ひとり": 1, "ふたり": 2, "ひとつ": 1, "ふたつ": 2, "みっつ": 3, "よっつ": 4, "いつつ": 5,
    "むっつ": 6, "ななつ": 7, "やっつ": 8, "ここのつ": 9, "とお": 10,
    "ゼロ": 0, "なし": 0, "無し": 0, "ない": 0, "いない": 0, "いません": 0, "ありません": 0,
}  # fmt: skip
_COUNTERS = (  # nosay
    "人|名|つ|個|コ|こ|枚|歳|才|さい|回|台|匹|本|件|世帯|家族|円|年|年間|年生|日|日間|週間|月|[かカヵケヶ]月"
    "|時間|分|秒|階|冊|頭|羽|点|通|袋|箱|杯|足|着|軒|棟|戸|組|度|番|番目|号|泊|部|セット|kg|g|km|m|cm"
)
_NUMERALS = "0-9〇一二三四五六七八九十百千万億兆"  # nosay
_RUN = re.compile(f"[{_NUMERALS}]+")
_TYPED = re.compile(
    rf"(?:約|だいたい)?(?P<sign>-|マイナス)?(?P<number>[{_NUMERALS},、]+)"
    rf"(?:{_COUNTERS}){{0,2}}(?:くらい|ぐらい|ほど)?(?:です)?[。.]?"
)


def read_number(text: str, least: int = 0, most: int = 10**9) -> int:
    """A whole number from `least` to `most`; a counter may follow it (3人, 二つ)."""
    typed = fold(text).lower().translate(_OLD)
    value = _WORDS.get(typed.removesuffix("です"))
    if value is None and (found := _TYPED.fullmatch(typed)):
        value = value_of(found["number"])
        if value is not None and found["sign"]:
            value = -value
    if value is None:
        example = min(max(least, 3), most)
        raise Unreadable("数字で入力してください。例: {example}", example=example)
    if not least <= value <= most:
        raise Unreadable("{least}から{most}までの数字を入力してください。", least=least, most=most)
    return value


def value_of(numeral: str) -> int | None:
    """What a run of digits and kanji numerals means, or None (十二, 1万2千, 1,200, 二〇二六)."""
    if re.search("[,、]", numeral):
        if not re.fullmatch("[0-9]{1,3}(?:[,、][0-9]{3})+", numeral):
            return None
        numeral = re.sub("[,、]", "", numeral)
    total = section = digits = 0
    pending = False  # digits stand there that no 十, 万 … has taken yet
    ceiling, step = 10**16, 10**4  # units only fall: 万 after 億, 十 after 百
    for character in numeral:
        if character in _DIGITS:
            digits, pending = digits * 10 + _DIGITS[character], True
        elif (unit := _TENS.get(character, 0)) and unit < step and digits < 10:
            section, step = section + (digits if pending else 1) * unit, unit
            digits, pending = 0, False
        elif (unit := _MYRIADS.get(character, 0)) and unit < ceiling and section + digits:
            total, ceiling, step = total + (section + digits) * unit, unit, 10**4
            section, digits, pending = 0, 0, False
        else:
            return None
    return total + section + digits


def to_digits(text: str) -> str:
    """The text with each run of kanji numerals written in digits (令和八年 → 令和8年)."""

    def convert(run: re.Match[str]) -> str:
        value = value_of(run[0])
        # Digits alone stay as they are: 0401 is not 401.
        return run[0] if value is None or run[0].isascii() else str(value)

    return _RUN.sub(convert, text)
