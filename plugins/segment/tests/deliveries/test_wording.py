"""What is noticed in a text before it goes out, and what residents read below it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from madoguchi_segment.deliveries import lint, templates, wording
from madoguchi_segment.deliveries.states import Delivery, Refused, State

NOW = datetime(2027, 4, 6, 1, 0, tzinfo=UTC)
OFFICE = lint.Office(("広報課", "子育て課", "環境課"), "広報課", ("0100-12-3456",))
BLANK = Delivery(
    *(1, "announcement", "広報課", "題名", State.DRAFT, 1, 0, "1", "a", "1", "a", None),
    *({}, None, "", None, None, "live", False, False, 0, None, None, None, None, NOW, NOW, None),
)


def said(text, channel="live"):
    content = {"ja": [{"type": "text", "text": text}]}
    one = replace(BLANK, content=content, channel=channel)
    return [finding.kind for finding in lint.find(one, NOW, OFFICE)]


@pytest.mark.parametrize(
    "text",
    [
        "4月7日（水）に開きます。",
        "4月29日(木・祝)は休みです。",
        "2027年4月7日（水曜日）",
        "令和9年4月7日（水）",
        "４月７日（水）",
        "2027/4/7(水)",
        "1月5日（水）まで",
        "防災訓練のお知らせ",
        "テスト期間の図書館",
        "電話：0100-12-3456",
        "広報課です。",
        "10時〜12時",
    ],
)
def test_nothing_is_found_in_what_is_right(text):
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("4月7日（木）に開きます。", "weekday"),
        ("2月30日（月）", "weekday"),
        ("令和9年4月7日（月）", "weekday"),
        ("これは訓練です。", "drill"),
        ("配信テストです", "drill"),
        ("This is a test", "drill"),
        ("○○課までご連絡ください", "placeholder"),
        ("{name}さん", "placeholder"),
        ("【要確認】日時", "placeholder"),
        ("ここに本文", "placeholder"),
        ("電話：0100-12-3457", "phone"),
        ("電話：0100-12-34567", "phone"),
        ("子育て課へどうぞ", "section"),
    ],
)
def test_what_a_colleague_would_notice(text, kind):
    assert said(text) == [kind]


def test_a_drill_says_so():
    assert said("地震です。", "drill") == ["drill"]
    assert said("【訓練】地震です。", "drill") == []


def test_names_in_braces_are_filled_in_or_refused():
    content = {"ja": [{"type": "text", "text": "{日付}に{場所}で。"}], "en": []}
    assert wording.names_in(content) == {"日付", "場所"}
    one = templates.Template(1, "広報課", "会", content)
    assert one.names == ["場所", "日付"]
    with pytest.raises(Refused, match="場所"):
        one.fill({"日付": "4月7日"})
    filled = one.fill({"日付": "4月7日", "場所": "{図書館}"})
    assert filled["ja"][0]["text"] == "4月7日に{図書館}で。", "a value is no template"


def test_each_message_offers_less_stop_and_why():
    messages = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    first, last = wording.offer_choices(messages, 12, lambda words: words, has_topic=True)
    assert "quickReply" not in first
    data = [item["action"]["data"] for item in last["quickReply"]["items"]]
    assert data == [f"segment:{what}?delivery=12" for what in ("less", "stop", "why")]
    (_, last) = wording.offer_choices(messages, 12, lambda words: words, has_topic=False)
    assert len(last["quickReply"]["items"]) == 2


def test_a_test_is_marked_whatever_it_is():
    image = {"type": "image", "originalContentUrl": "https://x/a", "previewImageUrl": "https://x/b"}
    flex = {"type": "flex", "altText": "題", "contents": {}}
    assert wording.mark_as_test([image])[0]["text"] == "【テスト】"
    assert [one.get("altText") for one in wording.mark_as_test([flex])] == [None, "【テスト】題"]
