"""A plugin with a form, for its pages."""

from madoguchi import hookimpl
from madoguchi.forms import Choice, Choices, Form, LongText

KINDS = {
    "hole": "道路の穴",
    "lamp": "街灯が消えている",
    "sign": "標識が曲がっている",
    "other": "そのほか",
}
TOPICS = {"garbage": "ごみ", "events": "イベント", "child": "子育て", "health": "健康"}


@hookimpl
def register_forms():
    """A form with a question a page, and settings."""
    report = Form(
        "report",
        "道路や公園の不具合を知らせる",
        [
            Choice("kind", "どんな不具合ですか", options=KINDS),
            LongText("note", "ほかに伝えたいこと", optional=True),
        ],
        lambda db, submission: None,
    )
    settings = Form(
        "settings",
        "お知らせの受け取り設定",
        [Choices(f"topic{n}", f"お知らせ{n}", options=TOPICS, optional=True) for n in range(5)],
        lambda db, submission: None,
        layout="list",
        current=lambda db, resident_id: {},
    )
    return [report, settings]
