"""A plugin whose forms are filled in in the chat, on pages and in both; with fields of its own."""

from dataclasses import dataclass

from madoguchi import Fit, Offer, hookimpl
from madoguchi.forms import (
    Birthdate,
    Choice,
    Choices,
    Consent,
    Control,
    Date,
    Email,
    Files,
    Form,
    Location,
    LongText,
    Mistake,
    Note,
    Number,
    Part,
    Phone,
    Photos,
    PostalAddress,
    Purpose,
    Question,
    Refuse,
    Repeat,
    Text,
    options_of,
    tap_item,
)

PURPOSE = Purpose("お名前など", "ご連絡のため", "1年", "土木課の職員")
KINDS = {"hole": "道路の穴", "lamp": "街灯", "tree": "木"}
FREE = {"am": "午前", "pm": "午後"}
FALLS = {"on": False}


@dataclass(frozen=True, slots=True)
class Pole(Question):
    """The number on a street lamp; the base brings everything but `page` and `parse`."""

    def page(self, asking):
        typed = asking.given.text if asking.given else asking.value or ""
        return Control("text", [Part(value=typed, inputmode="numeric")])

    def parse(self, given, asking):
        digits = "".join(one for one in given.text if one.isdecimal())
        if len(digits) != 5:
            raise Mistake("街灯の番号を5けたで入れてください。")
        return f"{int(digits) // 1000:02}-{int(digits) % 1000:03}"


class Seat:
    """A seat on a plan of the hall: a field without a base, with a template of its own."""

    name, question, help = "seat", "どの席がよいですか", "青い席があいています。"
    optional, personal, when = False, False, None
    seats = (("a1", "まえ"), ("b1", "うしろ"))

    def ask(self, asking):
        items = [tap_item(asking, label, value) for value, label in self.seats]
        text = {"type": "text", "text": asking.say(self.question)}
        return [text | {"quickReply": {"items": items}}]

    def page(self, asking):
        chosen = asking.given.text if asking.given else asking.value or ""
        options = options_of(self.seats, asking)
        values = [chosen] if chosen else []
        return Control("seat", (), options, values, template="conversing/seat.html")

    def parse(self, given, asking):
        if given.text not in dict(self.seats):
            raise Mistake("席を選んでください。")
        return given.text

    def show(self, value, asking):
        return asking.say(dict(self.seats)[value]) if value else ""

    def columns(self, value, asking):
        return {"席": self.show(value, asking)}


def slots(db, asking):
    """Which are free depends on what was answered before, and may change at any time."""
    return {"night": "夜"} if asking.answers.get("kind") == "hole" else FREE


def receive(db, submission):
    if FALLS["on"]:
        raise ValueError(f"cannot store {dict(submission.answers)}")
    return f"受け付けました。番号は{submission.id}です。"


def book(db, submission):
    if submission.answers["slot"] == "am" and "am" not in FREE:
        raise AssertionError("an option that had gone was handed in")
    if submission.answers["word"] == "断る":
        return Refuse("word", "別の言葉にしてください。", {"うめ": "梅", "さくら": "桜"})
    if submission.answers["slot"] == "pm":
        return Refuse("slot", "午後はうまりました。", [("am", "午前のはじめ")])
    if submission.answers["seat"] == "b1":
        return Refuse("seat", "うしろはうまりました。", [("a1", "まえの席")])
    return "予約しました。"


LAMP = {"kind": ["lamp"]}
CHILD = [Text("nick", "呼び名"), Birthdate("born", "生まれた日")]
PET = [Text("nick", "名前"), Number("age", "とし", most=20)]
FIELDS = [
    Choice("kind", "どんな不具合ですか", options=KINDS),
    Choice("state", "ついていますか", options={"on": "いつも", "off": "きえている"}, when=LAMP),
    Number("nights", "何日きえていますか", most=99, when={"state": ["off"]}),
    Choices("some", "どれとどれですか", options=KINDS, optional=True),
    Choice("slot", "いつがよいですか", options=slots),
    Pole("pole", "街灯の番号は何ですか"),
    Seat(),
    Text("line", "一言どうぞ"),
    LongText("long", "くわしく", optional=True),
    Number("people", "何人ですか", most=50, unit="人"),
    Date("day", "いつですか"),
    Location("place", "場所はどこですか"),
    Photos("photos", "写真を送ってください", most=3),
    Note("remark", "つぎは、どうぶつのことです。"),
    Repeat("pets", "ペットはいますか", fields=PET, most=3, counted="{count}ひき"),
    Consent("agree", "公開してもよいですか"),
    Text("kana", "お名前の読みがな", kana=True, personal=True),
    Birthdate("born", "生まれた日はいつですか"),
    Phone("phone", "電話番号は何番ですか"),
    Email("email", "メールは何ですか"),
    PostalAddress("home", "ご住所はどこですか"),
    Files("files", "書類を送ってください"),
    Repeat("children", "お子さんはいますか", fields=CHILD, counted="お子さん{count}人", most=3),
]
PERSONAL = [one for one in FIELDS if one.personal]


@hookimpl
def register_forms():
    whole = Form("whole", "すべての問い", FIELDS, receive, purpose=PURPOSE)
    words = [Text("word", "言葉を"), Choice("slot", "いつですか", options=slots), Seat()]
    each = [
        Form(
            f"one_{one.name}", f"{one.name}の用紙",
            [Choice("kind", "どれですか", options=KINDS), one, Text("last", "さいごに一言")],
            receive, purpose=PURPOSE,
        )
        for one in PERSONAL
    ]  # fmt: skip
    first = [one for one in PERSONAL if one.name == "phone"]
    back = Form("back", "逆の用紙", [*first, Text("line", "一言")], receive, purpose=PURPOSE)
    return [whole, Form("book", "予約", words, book), back, *each]


@hookimpl
def offer_for_message(text):
    word, _, name = text.partition(" ")
    return Offer(start, Fit.EXACT, text, data=name) if word == "用紙" else None


async def start(ctx):
    return await ctx.open_form(ctx.offer.data)
