"""What the chat says of a resident's settings: how many, never who or when (R68)."""

from collections.abc import Callable, Mapping
from typing import Any

from madoguchi_segment.items import find
from madoguchi_segment.settings import Settings

SET = "設定ずみ"
UNSET = "まだ設定していません"
NAMED = 30
"""Topics by name; more of them could be longer than a message may be (R37)."""


def summarise(answers: Mapping[str, Any], settings: Settings, say: Callable[..., str]) -> str:
    """A line for what is set: topics by name, children by their number, others without a value.

    What is not set yet stands together in the last line.
    """
    comma = say("、")
    topics = [find(settings.topics, id) for id in answers.get("topics", ())]
    names = [say(topic.label) for topic in topics if topic is not None and topic.is_offered]
    if len(names) > NAMED:
        names = [*names[:NAMED], say("ほかに{n}", n=len(names) - NAMED)]
    lines = [_line(say("受け取りたいお知らせ"), comma.join(names) or say("なし"))]
    labels = {
        "living": "お住まいは市内ですか",
        "area": "お住まいの地域",
        "age": "年齢",
        "sex": "性別",
        "children": "お子さん",
    }
    unset = []
    for row, label in labels.items():
        if row not in settings.rows or (row == "area" and not settings.areas):
            continue
        if row == "children" and answers.get(row):
            lines.append("・" + say("お子さん{count}人", count=len(answers[row])))  # nosay
        elif row != "children" and row in answers:
            lines.append(_line(say(label), say(SET)))
        else:
            unset.append(say(label))
    if unset:
        lines.append(_line(say(UNSET), comma.join(unset)))
    return "\n".join(lines)


def _line(label: str, shown: str) -> str:
    return f"・{label}：{shown}"  # nosay
