# nosay: what is said here, staff read
"""The rich menu in words: what residents see, what they shall see, and what LINE refused."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from madoguchi.answers import Outcome
from madoguchi.followers import REFUSED
from madoguchi.languages import NAMES
from madoguchi.management import LineError
from madoguchi.menu.calls import Menu
from madoguchi.menu.designs import OURS

if TYPE_CHECKING:
    from madoguchi.menu.publishing import Sight

PUBLISHED = "メニューを出しました。"
LEFT = "出していません。住民に見えるメニューは、そのままです。"
RESTORED = "前のメニューに戻しました。"
SAME = "変わるところは、ありません。"
SEES_NOW = "住民には、今までのメニューが見えています。"
NO_FORMER = "前のメニューの記録がありません。"
FORMER_GONE = "前のメニューは、LINEから消されています。LINEで作り直してください。"
TOO_OFTEN = (
    "この1時間に、メニューを何度も作りました。LINEでは、1時間に100回までです。"
    f"1時間たったら、同じコマンドを打ってください。{SEES_NOW}"
)
REST = (
    "メニューは、切りかわりました。ほかの言葉を選んだ人には、まだ前のものが見えるかもしれません。"
    "続きは、自動で行います。終わったか確かめるには、同じコマンドを打ってください。"
)
_BUSY = f"LINEの回数の上限です。1時間たったら、同じコマンドを打ってください。{SEES_NOW}"
_SILENT = "LINEから、返事がありません。少し待って、同じコマンドを打ってください。"


def too_many(there: int) -> str:
    """There is no room for another menu at LINE (R45)."""
    return (
        f"LINEのメニューが{there:,}個あり、上限は1,000個です。{SEES_NOW}"
        "ほかの仕組みで作った、使わないメニューを消してください。"
    )


def explain(error: LineError) -> str:
    """What LINE refused, and what to do about it."""
    answer = error.answer
    match answer.outcome:
        case Outcome.UNAUTHORIZED:
            return f"{REFUSED}{SEES_NOW} [{error}]"
        case Outcome.SLOW_DOWN | Outcome.SLOW_DOWN_USER | Outcome.QUOTA:
            return f"{_BUSY} [{error}]"
        case Outcome.RETRY:
            return f"{_SILENT} [{error}]"
    if "exceeds the limit" in answer.message:
        return f"{too_many(1000)} [{error}]"
    what = "画像" if "content" in str(error) else "メニュー"
    return (
        f"LINEが、{what}を受け取りませんでした。{SEES_NOW}"
        f"次の行を、この仕組みの担当者に伝えてください。 [{error}]"
    )


def explain_rest(error: LineError) -> str:
    """The menu is out, and LINE refused what comes after it."""
    return f"{REST} [{error}]"


def describe(sight: "Sight") -> list[str]:
    """What residents see now, and beside it what they shall see."""
    lines = ["いま見えているメニュー", f"  {_now(sight)}", "これから見えるメニュー"]
    for number, design in enumerate(sight.designs):
        readers = sight.kept.readers.get(design.language, 0)
        to = "ほかの全員に" if number == 0 else f"{readers:,}人に"
        state = "作ります" if design in sight.missing else "あります"
        labels = "、".join(tile.action["label"] for tile in design.tiles)
        lines.append(f"  {NAMES[design.language]}（{to}、{state}）：{labels}")
    if sight.is_done:
        lines.append(SAME)
    elif now := _default(sight):
        lines += _compare(now, [tile.action["label"] for tile in sight.designs[0].tiles])
    return lines


def tell_pictures(files: Sequence[str]) -> list[str]:
    """Where both menus are drawn side by side."""
    return ["絵で見くらべるファイル（左がいま、右がこれから）", *(f"  {file}" for file in files)]


def _now(sight: "Sight") -> str:
    menu = _default(sight)
    if menu is None:
        return "LINE公式アカウントの管理画面で作ったもの（あれば）"
    name = "この窓口のもの" if menu.name.startswith(OURS) else menu.name
    return f"{name}：{'、'.join(filter(None, menu.labels))}"


def _default(sight: "Sight") -> Menu | None:
    return next((menu for menu in sight.listed if menu.id == sight.default), None)


def _compare(now: Menu, labels: Sequence[str]) -> list[str]:
    """What the Japanese menu has that residents do not see now, and the other way round."""
    new = [one for one in labels if one not in now.labels]
    old = [one for one in now.labels if one and one not in labels]
    said = {"増えるもの": new, "なくなるもの": old}
    return [f"{what}：{'、'.join(some)}" for what, some in said.items() if some]
