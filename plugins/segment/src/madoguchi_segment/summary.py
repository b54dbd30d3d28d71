"""What the chat says of a resident's settings: how many, never who or when (R68)."""

from collections.abc import Callable, Mapping
from typing import Any

from madoguchi_segment.items import find
from madoguchi_segment.settings import Settings

SET = "設定ずみ"
UNSET = "まだ設定していません"


def summarise(answers: Mapping[str, Any], settings: Settings, say: Callable[..., str]) -> str:
    """A line for each row: the topics by name, children by their number, the rest as set or not."""
    topics = [find(settings.topics, id) for id in answers.get("topics", ())]
    names = [say(topic.label) for topic in topics if topic is not None and topic.is_offered]
    lines = [_line(say("受け取りたいお知らせ"), ", ".join(names) or say("なし"))]
    labels = {
        "living": "お住まいは市内ですか",
        "area": "お住まいの地域",
        "age": "年齢",
        "sex": "性別",
    }
    for row, label in labels.items():
        if row in settings.rows and (row != "area" or settings.areas):
            lines.append(_line(say(label), say(SET if row in answers else UNSET)))
    if "children" in settings.rows:
        count = len(answers.get("children") or ())
        shown = say("お子さん{count}人", count=count) if count else say(UNSET)
        lines.append(_line(say("お子さん"), shown))
    return "\n".join(lines)


def _line(label: str, shown: str) -> str:
    return f"・{label}: {shown}"  # nosay
