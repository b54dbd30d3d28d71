"""A plugin with forms, and a look at what is stored."""

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from madoguchi import tables

TOY = '''
"""Forms of every kind; what is handed in is answered with the names of the answers."""
from madoguchi import Fit, Offer, hookimpl
from madoguchi.forms import *
from madoguchi.forms.profile import read_profile, write_profile

KINDS = {"hole": "道路の穴", "lamp": "街灯", "danger": "あぶない木"}
PURPOSE = Purpose("電話番号", "ご連絡のため", "1年", "土木課の職員")
MANY = [(f"n{n}", f"{n}番目の長い名前のついた選択肢です") for n in range(1, 31)]
FREE = {"a": "10時", "b": "11時"}
WORDS = {
    "通報": "report", "すべて": "every", "名簿": "roll", "枠": "slot", "断る": "no",
    "設定": "settings", "秘密": "secret", "こわれ": "broken", "全員": "people",
}

def receive(db, submission):
    return f"受け付けました。{'・'.join(submission.answers)}"

def leak(db, submission):
    phone = submission.answers["phone"]
    return f"お電話 {phone[:3]}-{phone[3:7]}-{phone[7:]} にかけます。"

def book(db, submission):
    if submission.answers["slot"] == "a":
        return Refuse("slot", "10時はうまりました。", [("b", "11時")])
    return "予約しました。"

def refuse(db, submission):
    return Refuse("word", "その言葉は使えません。")

def fall(db, submission):
    raise RuntimeError("broken on purpose")

def free(db, asking):
    if "broken" in FREE:
        raise RuntimeError("broken on purpose")
    return FREE

def save(db, submission):
    write_profile(db, submission.resident.id, "toy", submission.answers, submission.at)
    return "覚えました。"

def current(db, resident_id):
    return read_profile(db, resident_id, "toy")

CHILDREN = [Text("nick", "呼び名"), Number("age", "何さいですか", most=6, unit="さい")]

@hookimpl
def register_forms(config, settings):
    return [
        Form("report", "通報", [
            Choice("kind", "どんな不具合ですか", options=KINDS),
            Note("warn", "近づかないでください。", when={"kind": ["danger"]}),
            Location("place", "場所を教えてください"),
            Photos("photos", "写真を送ってください", most=3, optional=True),
            LongText("note", "ほかに伝えたいこと", optional=True),
            Phone("phone", "連絡先", optional=True, when={"kind": ["danger"]}),
        ], receive, purpose=PURPOSE),
        Form("every", "すべての問い", [
            Choice("one", "どれですか", options=KINDS),
            Choices("some", "どれとどれですか", options=KINDS),
            Text("line", "一行で"),
            Text("kana", "お名前の読み", kana=True),
            LongText("long", "くわしく"),
            Number("people", "何人ですか", most=5, unit="人"),
            Number("year", "何年ですか", most=9999),
            Date("day", "いつですか"),
            Location("place", "どこですか"),
            Photos("photos", "写真を", most=2),
            Consent("agree", "公開してもよいですか"),
            Note("note", "もう少しです。"),
            Repeat(
                "children", "お子さんはいますか", fields=CHILDREN, each="{n}人目",
                counted="{count}人",
            ),
        ], receive),
        Form("roll", "名簿", [
            Text("nick", "呼び名"),
            Birthdate("born", "生まれた日"),
            Phone("phone", "電話番号"),
            Email("mail", "メール"),
            PostalAddress("home", "住所"),
            Repeat(
                "children", "お子さん", fields=[Birthdate("born", "生まれた日")],
                counted="お子さん{count}人",
            ),
        ], receive, purpose=PURPOSE),
        Form("slot", "予約", [Choice("slot", "何時にしますか", options=free)], book),
        Form("no", "言葉", [Text("word", "言葉を"), Text("why", "なぜ")], refuse),
        Form("broken", "こわれた用紙", [Text("word", "言葉を")], fall),
        Form("secret", "秘密", [Phone("phone", "電話番号")], leak, purpose=PURPOSE),
        Form("people", "人数", [Choices("some", "どれ", options=MANY)], receive),
        Form("settings", "お知らせの設定", [
            Choices("topics", "何を受け取りますか", options=KINDS, optional=True),
            Choice("area", "お住まい", options={"n": "北", "s": "南"}, optional=True),
            Phone("phone", "電話番号", optional=True),
        ], save, layout="list", current=current, purpose=PURPOSE),
    ]

@hookimpl
def register_postbacks():
    return {"menu": lambda ctx: "案内図です。", "open": open_other}

async def open_other(ctx):
    return await ctx.open_form("toy/report", {"kind": "lamp"})

@hookimpl
def offer_for_message(ctx, message, text):
    if text in WORDS:
        return Offer(start, Fit.EXACT, text, data=WORDS[text])
    if text == "案内図":
        return Offer(lambda ctx: "案内図です。", Fit.EXACT, text)
    if text.endswith("?"):
        return Offer(lambda ctx: "たぶんこれです。", Fit.SEARCH, "さがす", 0.9)

async def start(ctx):
    return await ctx.open_form(ctx.offer.data)
'''


@pytest.fixture
def plugins(install_plugin):
    return {install_plugin("toy", TOY): {}}


def rows(town, table: str) -> list[Any]:
    """All rows of a table of the core."""
    found = tables.metadata.tables[table]

    def look(db: Any) -> list[Any]:
        return [
            dict(row._mapping) for row in db.execute(select(found).order_by(*found.primary_key))
        ]

    return town.wait(town.running.store.read(look))


@pytest.fixture
def stored(gateway):
    """`stored("submission")`: the rows of a table."""
    return lambda table: rows(gateway, table)


@pytest.fixture
def speak():
    """Make more residents: `speak(town, "太郎")`."""
    from madoguchi.testing import TestResident

    return TestResident


@pytest.fixture
def photo():
    """`photo()`: the bytes of one."""
    return draw


def draw(width: int = 40, height: int = 20, **save: Any) -> bytes:
    """A photo, red at its top left."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("red", (0, 0, width // 2, height // 2))
    data = io.BytesIO()
    image.save(data, save.pop("format", "JPEG"), **save)
    return data.getvalue()
