"""A plugin with a form that asks every kind of question, and settings; for tests and pictures."""

from madoguchi import hookimpl
from madoguchi.forms import (
    Birthdate,
    Choice,
    Choices,
    Consent,
    Date,
    Email,
    Files,
    Form,
    Location,
    LongText,
    Note,
    Number,
    Phone,
    Photos,
    PostalAddress,
    Purpose,
    Refuse,
    Repeat,
    Text,
)
from madoguchi.forms.profile import read_profile, write_profile

PURPOSE = Purpose(
    {"ja": "お名前と電話番号", "en": "Your name and telephone number"},
    {"ja": "直すときに、ご連絡するため", "en": "To reach you when we mend it"},
    {"ja": "直してから1年", "en": "One year after it is mended"},
    {"ja": "土木課の職員", "en": "Staff of the roads section"},
)
KINDS = {
    "hole": {"ja": "道路の穴", "en": "A hole in the road"},
    "lamp": {"ja": "街灯が消えている", "en": "A street lamp is out"},
    "danger": {"ja": "あぶない", "en": "Dangerous"},
}
TOPICS = {"garbage": "ごみ", "events": "イベント", "child": "子育て"}


def receive(db, submission):
    if submission.answers.get("note") == "断る":
        return Refuse("note", "この内容は受け付けられません。別の言葉で書いてください。")
    if submission.answers.get("note") == "壊れる":
        raise ValueError("the plugin is broken")
    return f"受け付けました。番号は{submission.id}です。"


def save(db, submission):
    write_profile(db, submission.resident.id, "everything", submission.answers, submission.at)
    children = submission.answers.get("children")
    return f"お子さん{len(children)}人を登録しました。" if children else None


def current(db, resident_id):
    return read_profile(db, resident_id, "everything")


REPORT = Form(
    "report",
    {"ja": "道路や公園の不具合を知らせる", "en": "Report a problem with a road or park"},
    [
        Choice("kind", {"ja": "どんな不具合ですか", "en": "What is wrong?"}, options=KINDS),
        Location("place", {"ja": "場所を教えてください", "en": "Where is it?"}),
        Photos(
            "photos",
            {"ja": "写真を送ってください", "en": "Please send photos"},
            most=3,
            optional=True,
        ),
        LongText("note", {"ja": "ほかに伝えたいこと", "en": "Anything else?"}, optional=True),
        Phone(
            "phone",
            {"ja": "連絡先の電話番号", "en": "Your telephone number"},
            when={"kind": ["danger"]},
        ),
    ],
    receive,
    purpose=PURPOSE,
)

ALL = Form(
    "all",
    "全部の質問",
    [
        Choice("choice", "どれですか", options=KINDS),
        Choices(
            "choices",
            "どれとどれですか",
            options=TOPICS,
            optional=True,
            help="いくつでも選べます。",
        ),
        Text("text", "一言どうぞ", most=20),
        Text("kana", "お名前の読みがな", kana=True, personal=True),
        LongText("long", "詳しく書いてください", optional=True),
        Number("number", "何人ですか", least=1, most=50, unit="人"),
        Date("date", "いつですか", earliest=0, latest=365),
        Birthdate("born", "生まれた日はいつですか"),
        Phone("phone", "電話番号は何番ですか"),
        Email("email", "メールアドレスは何ですか", optional=True),
        PostalAddress(
            "address",
            "ご住所はどこですか",
            lookup=lambda code: "見本県見本市本町" if code == "1000001" else None,
        ),
        Location("place", "場所はどこですか"),
        Photos("photos", "写真を送ってください", most=2, optional=True),
        Files("files", "書類を送ってください", optional=True),
        Note("remark", "ここからは、お子さんのことです。"),
        Repeat(
            "children",
            "お子さんはいますか",
            fields=[Text("nick", "呼び名"), Birthdate("born", "生まれた日")],
            each="{n}人目のお子さん",
            counted="お子さん{count}人",
            most=3,
            optional=True,
        ),
        Consent("consent", "市からの連絡を受け取りますか"),
    ],
    receive,
    purpose=PURPOSE,
)

SETTINGS = Form(
    "settings",
    {"ja": "お知らせの受け取り設定", "en": "Which news you get"},
    [
        Choices(
            "topics",
            {"ja": "受け取りたいお知らせ", "en": "News you want"},
            options=TOPICS,
            optional=True,
        ),
        Choice(
            "area",
            {"ja": "お住まいの地区", "en": "Where you live"},
            options={"north": "北", "south": "南"},
            optional=True,
        ),
        Text("nick", "呼び名", most=5, optional=True),
        Repeat(
            "children",
            {"ja": "お子さんの生まれた日", "en": "Birthdays of your children"},
            fields=[Birthdate("born", {"ja": "生まれた日", "en": "Date of birth"})],
            each={"ja": "{n}人目のお子さん", "en": "Child {n}"},
            counted="お子さん{count}人",
            most=5,
            optional=True,
        ),
    ],
    save,
    layout="list",
    current=current,
    purpose=PURPOSE,
)


@hookimpl
def register_forms():
    return [REPORT, SETTINGS, ALL]
