"""The reading of a name, in kana."""

import re
import unicodedata

from madoguchi.reading.texts import Unreadable

_KATAKANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
# NFKC puts a space before the marks that stand alone, so ハ゛ would fall apart.
_MARKS = str.maketrans("゛゜ﾞﾟ‐‑‒–—―−－-=＝゠", "\u3099\u309a\u3099\u309aーーーーーーーーー・・・")
_NAME = re.compile("[ァ-ヺヽヾ][ァ-ヺヽヾー・]*(?:　[ァ-ヺヽヾ][ァ-ヺヽヾー・]*)*")


def read_kana(text: str, most: int = 50) -> str:
    """全角カタカナ with `　` between the parts: from ひらがな, half width, marks written apart."""
    if len(text) > 500:
        raise _too_long(most)
    typed = unicodedata.normalize("NFKC", text.translate(_MARKS)).translate(_KATAKANA)
    found = "　".join(typed.split())
    if not _NAME.fullmatch(found):
        raise Unreadable("カタカナかひらがなで入力してください。例: ヤマダ　タロウ")
    if len(found) > most:
        raise _too_long(most)
    return found


def _too_long(most: int) -> Unreadable:
    return Unreadable("{most}文字までのカタカナで入力してください。", most=most)
