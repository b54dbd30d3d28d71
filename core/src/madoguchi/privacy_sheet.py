# nosay: a Japanese register, for the officer
"""The register of personal information files (個人情報ファイル簿), drafted from declarations.

What the law asks for (個人情報の保護に関する法律 75条, 施行令 21条) and a machine can know: what
plugins keep and why (`plugin_info().keeps`), what their forms ask, and for how long. The rest is
marked for the city's officer to fill in.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from madoguchi.config import Gateway
from madoguchi.forms import Form
from madoguchi.inspection import load_plugins, pick_city
from madoguchi.languages import Words
from madoguchi.plugins import Plugin

OPEN = "（記入してください）"
NAME = "個人情報ファイルの名称"
Sheet = dict[str, str]
"""One file of the register: heading → text."""


def write_sheet(config: Path, city: str, folder: Path) -> list[str]:
    """Write `privacy-sheet-<city>.md` and `.csv`; their names."""
    gateway = pick_city(config, city, unset="")
    sheets = draft(gateway, load_plugins(gateway).well())
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / f"privacy-sheet-{gateway.name}"
    base.with_suffix(".md").write_text(as_markdown(sheets), "utf-8")
    base.with_suffix(".csv").write_text(as_csv(sheets), "utf-8-sig")
    return [str(base.with_suffix(ending)) for ending in (".md", ".csv")]


def draft(gateway: Gateway, plugins: Iterable[Plugin]) -> list[Sheet]:
    """One file for the account itself, and one for each plugin that keeps or asks something."""
    kept = gateway.settings.retention
    account = _sheet(
        gateway,
        "LINE公式アカウント利用者ファイル",
        ["LINEでの問い合わせに答え、利用者が選んだお知らせを送るため"],
        [
            "LINEの利用者ID",
            "友だちの状態と日時",
            "ことば",
            "受け取ったメッセージ・写真・位置情報",
            "送ったメッセージ",
            "利用者が登録した内容",
        ],
        [
            f"受け取ったもの {kept.events}日、位置情報 {kept.places}日",
            f"送ったもの {kept.messages}日、送った相手と日時 {kept.sent}日",
            f"登録された内容 ブロックから{kept.profile}日",
        ],
        "LINE公式アカウントの友だち、または友だちだった者",
    )
    return [account, *filter(None, (_of_plugin(gateway, plugin) for plugin in plugins))]


def _of_plugin(gateway: Gateway, plugin: Plugin) -> Sheet | None:
    forms, keeps = plugin.collected.forms, plugin.info.keeps
    asked = [form for form in forms if form.purpose or any(one.personal for one in form.fields)]
    if not asked and not keeps:
        return None
    why = [_ja(form.purpose.why) for form in asked if form.purpose]
    how_long = [_ja(form.purpose.how_long) for form in asked if form.purpose]
    rules = [f"{one.what}: {one.days}日" for one in plugin.info.forgets if hasattr(one, "days")]
    return _sheet(
        gateway,
        f"{plugin.info.label}ファイル",
        why or list(keeps.values()) or [plugin.info.summary],
        [
            *keeps,
            *(_question(form, one.question, one.personal) for form in asked for one in form.fields),
        ],
        [*how_long, *keeps.values(), *rules],
        f"{plugin.info.label}を利用した者",
        list(dict.fromkeys(_ja(form.purpose.who) for form in asked if form.purpose)),
    )


def _question(form: Form, question: Words, personal: bool) -> str:
    return f"{_ja(form.title)}: {_ja(question)}{'（個人情報）' if personal else ''}"


def _sheet(
    gateway: Gateway,
    name: str,
    purposes: list[str],
    items: list[str],
    kept: list[str],
    who: str,
    users: list[str] | None = None,
) -> Sheet:
    return {
        NAME: name,
        "行政機関等の名称": gateway.settings.city.label,
        "個人情報ファイルが利用に供される事務をつかさどる組織の名称": "、".join(users or [])
        or OPEN,
        "個人情報ファイルの利用目的": "\n".join(dict.fromkeys(purposes)),
        "記録項目": "\n".join(dict.fromkeys(items)),
        "記録範囲": who,
        "記録情報の収集方法": "本人がLINEのトーク画面またはLINEから開く画面で入力",
        "要配慮個人情報が含まれるときは、その旨": OPEN,
        "記録情報の経常的提供先": OPEN,
        "開示請求等を受理する組織の名称及び所在地": OPEN,
        "訂正及び利用停止について他の法令による特別の手続": OPEN,
        "個人情報ファイルの種別": "法第60条第2項第1号（電算処理ファイル）",
        "行政機関等匿名加工情報の提案の募集": OPEN,
        "備考（保存期間）": "\n".join(dict.fromkeys(kept)) or OPEN,
    }


def _ja(words: Words) -> str:
    return words if isinstance(words, str) else str(words["ja"])


def as_markdown(sheets: Iterable[Sheet]) -> str:
    """The register as it is read and corrected."""
    parts = ["# 個人情報ファイル簿（案）\n"]
    for sheet in sheets:
        parts += [f"\n## {sheet[NAME]}\n", "| 項目 | 内容 |", "| --- | --- |"]
        for heading, text in sheet.items():
            cell = text.replace("|", "｜").replace("\n", "<br>")
            parts.append(f"| {heading} | {cell} |")
    return "\n".join(parts) + "\n"


def as_csv(sheets: Iterable[Sheet]) -> str:
    """The same for a spreadsheet: a line for each file."""
    rows = list(sheets)
    written = io.StringIO(newline="")
    table = csv.DictWriter(written, rows[0].keys())
    table.writeheader()
    for row in rows:
        # A cell that begins like a formula would be calculated.
        table.writerow({k: f"'{v}" if v[:1] in "=+-@\t" and v else v for k, v in row.items()})
    return written.getvalue()
