"""What plugins return, as message objects; and retry keys."""

import json

import pytest

from madoguchi.line import messages_of, retry_key
from madoguchi.testing import TestResident


def test_replies_of_every_form_become_message_objects():
    from linebot.v3.messaging import FlexBubble, FlexMessage, TextMessage

    text = {"type": "text", "text": "はい"}
    assert messages_of(None) == []
    assert messages_of("はい") == [text]
    assert messages_of(text) == [text]
    assert messages_of(TextMessage(text="はい")) == [text]
    assert messages_of(["はい", text, TextMessage(text="はい")]) == [text] * 3
    assert messages_of(("はい",)) == [text]
    assert messages_of([]) == []
    bubble = FlexBubble.from_dict({"type": "bubble", "size": "kilo"})
    flex = {"type": "flex", "altText": "地図", "contents": bubble}
    plain = {"type": "flex", "altText": "地図", "contents": {"type": "bubble", "size": "kilo"}}
    assert messages_of(flex) == [plain]
    assert messages_of(FlexMessage(alt_text="地図", contents=bubble)) == [plain]
    json.dumps(messages_of([flex, bubble]))


def test_a_reply_is_a_copy():
    mine = {"type": "text", "text": "はい", "sender": {"name": "課"}}
    messages_of(mine)[0]["sender"]["name"] = "other"
    assert mine["sender"]["name"] == "課"


async def forgotten() -> str:
    return "はい"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (42, "a reply is int"),
        (b"bytes", "a reply is bytes"),
        (["ok", 7], "item 2 of a reply is int"),
        (["ok", ["nested"]], "item 2 of a reply is list"),
        (["ok", None], "item 2 of a reply is NoneType"),
        ({"type": "text", "text": {1, 2}}, "a reply, 'text' is set"),
        (str, "a reply is type"),
    ],
)
def test_a_wrong_reply_says_what_was_found_and_what_is_allowed(reply, words):
    with pytest.raises(TypeError, match=f"^{words}.*; allowed are None, a text"):
        messages_of(reply)


def test_a_forgotten_await_is_recognised():
    coroutine = forgotten()
    with pytest.raises(TypeError, match="was an await forgotten"):
        messages_of(coroutine)
    coroutine.close()


def test_r24_retry_keys_are_derived():
    assert retry_key("delivery", 7, "chunk", 0) == "9b3d9ec9-868b-5e63-ba6a-e0b9a7ed3d79"
    assert retry_key("a", "b") != retry_key("ab")
    assert retry_key("a,b") != retry_key("a", "b")
    assert retry_key("a", 1) == retry_key("a", "1")


SDK = """
from linebot.v3.messaging import FlexBox, FlexBubble, FlexMessage, FlexText, QuickReply
from linebot.v3.messaging import MessageAction, QuickReplyItem, TextMessage
from madoguchi import Fit, Offer, hookimpl

@hookimpl
def offer_for_message(text):
    return Offer(answer, Fit.EXACT, label="答え")

def answer(ctx):
    quick = QuickReply(items=[QuickReplyItem(action=MessageAction(label="次", text="次"))])
    body = FlexBox(layout="vertical", contents=[FlexText(text="絵")])
    flex = FlexMessage(altText="絵", contents=FlexBubble(body=body))
    return ["字", {"type": "text", "text": "表"}, flex, TextMessage(text="型", quickReply=quick)]
"""


def test_texts_dicts_and_models_of_the_sdk_arrive_in_one_reply(install_plugin, make_town):
    install_plugin("toy", SDK)
    town = make_town(plugins={"toy": {}})
    resident = TestResident(town)
    text, table, flex, model = resident.says("何か")
    assert (text, table) == ("字", "表")
    assert flex["contents"]["body"]["contents"] == [{"type": "text", "text": "絵"}]
    assert (model["text"], model["quickReply"]["items"][0]["action"]["label"]) == ("型", "次")
    assert resident.taps("次")[0] == "字"
    last = town.call(lambda: list(town.simulator.book.sends())[-1])
    assert (last["endpoint"], len(last["messages"])) == ("reply", 4)
