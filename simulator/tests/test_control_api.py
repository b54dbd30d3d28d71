"""The control API: what residents do reaches the bot, what the bot says reaches them."""

import http.client
import json
import threading
import time

import pytest


def test_a_new_resident_follows_and_the_webhook_is_signed_over_its_raw_bytes_r1(line, bot):
    user_id = line.resident("花子", language="ja")
    (headers, body) = bot.requests[0]
    assert headers["x-line-signature"] == bot.signature(body)
    assert headers["content-type"] == "application/json; charset=utf-8"
    event = bot.events[0]
    assert event["type"] == "follow"
    assert event["follow"] == {"isUnblocked": False}
    assert event["source"] == {"type": "user", "userId": user_id}
    assert event["mode"] == "active"
    assert len(event["webhookEventId"]) == 26
    assert json.loads(body)["destination"] == "U" + "0" * 31 + "1"


def test_a_friend_from_before_is_known_to_line_only(line, bot):
    before = line.resident("前からの友だち", follow="before")
    stranger = line.resident("まだの人", follow=False)
    assert bot.requests == []
    residents = line.get("/sim/residents").json["residents"]
    assert [(one["userId"], one["follows"]) for one in residents] == [
        (before, True),
        (stranger, False),
    ]
    assert residents[0].keys() >= {"userId", "displayName", "language", "follows"}
    linh = line.resident("Linh", language="vi", follow="before")
    assert line.get("/sim/residents").json["residents"][-1]["language"] == "vi"
    assert line.get(f"/v2/bot/profile/{linh}").json["language"] == "vi"


def test_a_message_answers_with_its_ids_when_the_bot_has_it(line, bot):
    user_id = line.resident()
    answer = line.says(user_id, "電池")
    event = bot.events[-1]
    assert answer["messageId"] == event["message"]["id"]
    assert answer["webhookEventId"] == event["webhookEventId"]
    assert answer["status"] == 200
    assert event["message"]["text"] == "電池"
    assert event["message"]["quoteToken"]
    assert event["message"]["markAsReadToken"]
    assert event["replyToken"]


def test_a_lone_surrogate_can_be_typed(line, bot):
    user_id = line.resident()
    assert line.says(user_id, "a\ud83c")["status"] == 200
    assert bot.events[-1]["message"]["text"] == "a\ud83c"
    assert line.chat(user_id)[-1]["message"]["text"] == "a\ud83c"


def test_a_message_without_what_its_type_needs_is_refused_in_words(line):
    user_id = line.resident()
    answer = line.post(f"/sim/residents/{user_id}/messages", {"type": "location", "latitude": 1})
    assert answer.status == 400
    assert "longitude" in answer.message
    assert line.post("/sim/residents/Unobody/messages", {"type": "text"}).status == 404


def test_types_of_the_future_pass_as_they_are_r6(line, bot):
    user_id = line.resident()
    line.post(f"/sim/residents/{user_id}/messages", {"type": "hologram", "depth": 3})
    assert bot.events[-1]["message"]["type"] == "hologram"
    assert bot.events[-1]["message"]["depth"] == 3


def test_a_tap_sends_a_postback_and_shows_its_text_without_an_event(line, bot):
    user_id = line.resident()
    body = {"data": "hello:when", "params": {"date": "2026-12-01"}, "displayText": "いつ"}
    answer = line.post(f"/sim/residents/{user_id}/postback", body)
    assert answer.json["webhookEventId"] == bot.events[-1]["webhookEventId"]
    assert bot.events[-1]["postback"] == {"data": "hello:when", "params": {"date": "2026-12-01"}}
    assert line.texts(user_id) == ["いつ"]


def test_unfollow_has_no_reply_token_and_unblocking_says_so_r11(line, bot):
    user_id = line.resident()
    line.post(f"/sim/residents/{user_id}/unfollow")
    assert bot.events[-1]["type"] == "unfollow"
    assert "replyToken" not in bot.events[-1]
    line.post(f"/sim/residents/{user_id}/follow")
    assert bot.events[-1]["follow"] == {"isUnblocked": True}


def test_unsend_takes_the_message_back_r13(line, bot):
    user_id = line.resident()
    answer = line.post_files(f"/sim/residents/{user_id}/messages", ("a.png", "image/png", b"png"))
    message_id = answer.json["messageId"]
    content = f"/v2/bot/message/{message_id}/content"
    assert line.get(content).body == b"png"
    line.post(f"/sim/residents/{user_id}/unsend", {"messageId": message_id})
    assert bot.events[-1]["unsend"] == {"messageId": message_id}
    assert line.get(content).status == 410
    assert line.get(content).message == "The content is gone"
    assert line.chat(user_id)[-1]["unsent"] is True
    other = line.resident("太郎")
    path = f"/sim/residents/{other}/unsend"
    assert line.post(path, {"messageId": message_id}).status == 404


def test_several_images_are_one_set_of_separate_events_r48(line, bot):
    user_id = line.resident()
    photos = [(f"{n}.jpg", "image/jpeg", b"jpeg%d" % n) for n in (1, 2, 3)]
    answer = line.post_files(f"/sim/residents/{user_id}/messages", *photos)
    messages = [event["message"] for event in bot.events[-3:]]
    assert {message["imageSet"]["id"] for message in messages} == {messages[0]["imageSet"]["id"]}
    assert [message["imageSet"]["index"] for message in messages] == [1, 2, 3]
    assert {message["imageSet"]["total"] for message in messages} == {3}
    assert len(bot.requests) == 4
    for message, (_, _, data) in zip(messages, photos, strict=True):
        assert line.get(f"/v2/bot/message/{message['id']}/content").body == data
    assert answer.json["messageId"] == messages[0]["id"]


def test_content_is_prepared_then_fetched_and_never_of_a_text_r47(line):
    user_id = line.resident()
    line.settings(transcodingSeconds=30)
    files = f"/sim/residents/{user_id}/messages"
    video = line.post_files(files, ("a.mp4", "video/mp4", b"film")).json["messageId"]
    path = f"/v2/bot/message/{video}/content"
    assert line.get(path).status == 202
    assert line.get(path + "/transcoding").json == {"status": "processing"}
    line.settings(clock=31)
    assert line.get(path + "/transcoding").json == {"status": "succeeded"}
    assert line.get(path).body == b"film"
    assert line.get(path).headers["content-type"] == "video/mp4"
    assert line.get(path + "/preview").body.startswith(b"\x89PNG")
    document = line.post_files(files, ("表.csv", "text/csv", b"1,2")).json["messageId"]
    assert line.get(f"/v2/bot/message/{document}/content").body == b"1,2"
    assert line.get(f"/v2/bot/message/{document}/content/preview").status == 400
    text = line.says(user_id, "文字")["messageId"]
    assert line.get(f"/v2/bot/message/{text}/content").status == 400
    assert line.get("/v2/bot/message/123/content").status == 404


def test_the_chat_waits_for_what_comes(line):
    user_id = line.resident()
    last = line.says(user_id, "もしもし")
    seen = line.chat(user_id)
    assert [entry["messageId"] for entry in seen] == [last["messageId"]]
    path = f"/sim/residents/{user_id}/chat?after={seen[-1]['seq']}&wait=20&html=1"
    answers: list[dict] = []
    listener = threading.Thread(target=lambda: answers.append(line.get(path).json))
    listener.start()
    time.sleep(0.2)
    line.push(user_id, "<b>お知らせ</b>")
    listener.join()
    (entry,) = answers[0]["entries"]
    assert (entry["from"], entry["via"]) == ("bot", "push")
    assert entry["message"] == {"type": "text", "text": "<b>お知らせ</b>"}
    assert "&lt;b&gt;お知らせ" in entry["html"]
    assert entry["quickReply"] == ""


def test_a_chat_in_which_nothing_comes_is_waited_for_and_then_empty(line):
    user_id = line.resident()
    last = line.says(user_id, "もしもし")["messageId"]
    (entry,) = line.chat(user_id)
    assert (entry["messageId"], entry["from"], entry["via"]) == (last, "resident", "message")
    assert entry.keys() >= {"seq", "message", "at"}
    began = time.monotonic()
    path = f"/sim/residents/{user_id}/chat?after={entry['seq']}&wait=0.4"
    assert line.get(path).json["entries"] == []
    assert time.monotonic() - began >= 0.4


def test_raw_webhooks_go_out_as_they_are_and_their_reply_tokens_work(line, bot):
    user_id = line.resident(follow="before")
    event = {"type": "future", "replyToken": "t1", "source": {"type": "user", "userId": user_id}}
    assert line.post("/sim/webhooks", {"events": [event, 7]}).json == {"status": 200}
    headers, body = bot.requests[-1]
    assert json.loads(body)["events"] == [event, 7]
    assert headers["x-line-signature"] == bot.signature(body)
    line.settings(clock=61)
    assert line.reply("t1").message == "Invalid reply token"
    redelivered = {**event, "deliveryContext": {"isRedelivery": True}}
    line.post("/sim/webhooks", {"events": [redelivered]})
    assert line.reply("t1").status == 200
    line.post("/sim/webhooks", {"events": [], "signature": "wrong"})
    assert bot.requests[-1][0]["x-line-signature"] == "wrong"
    line.post("/sim/webhooks", {"body": "{not json", "signature": None})
    headers, body = bot.requests[-1]
    assert body == b"{not json"
    assert "x-line-signature" not in headers
    bot.status = 401
    answer = line.post("/sim/webhooks", {"bodyBase64": "/w=="}).json
    assert answer == {"status": 401, "reason": "error_status_code"}
    assert bot.requests[-1][1] == b"\xff"


def test_the_book_holds_every_accepted_send_and_sums_it_up(line):
    one, two = line.resident(), line.resident("太郎")
    line.push(one, "a", X_Line_Retry_Key="123e4567-e89b-12d3-a456-426614174000")
    refused = line.push("U" + "f" * 32, "a")
    assert refused.status == 400
    line.multicast([one, two], "a")
    first, second = line.book()
    assert first["endpoint"] == "push"
    assert first["retryKey"] == "123e4567-e89b-12d3-a456-426614174000"
    assert second["userIds"] == [one, two]
    assert second["messages"] == [{"type": "text", "text": "a"}]
    assert second.keys() >= {"requestId", "endpoint", "retryKey", "userIds", "messages", "at"}
    summary = line.get("/sim/book?summary=1").json["summary"]
    ((message_hash, count),) = summary[one].items()
    assert count == 2
    assert summary[two] == {message_hash: 1}


def test_the_last_calls_stand_there_with_what_was_wrong(line):
    user_id = line.resident()
    accepted = line.push(user_id)
    line.push(user_id, "")
    line.put("/sim/faults", [{"endpoint": "push", "drop": True}])
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        line.push(user_id)
    dropped, refused, first = line.get("/sim/calls").json["calls"]
    assert first["requestId"] == accepted.headers["x-line-request-id"]
    assert (first["method"], first["path"]) == ("POST", "/v2/bot/message/push")
    assert [one["status"] for one in (first, refused, dropped)] == [200, 400, None]
    assert refused["message"] == "The request body has 1 error(s)"
    assert refused["details"] == [{"message": "May not be empty", "property": "messages[0].text"}]
    assert line.get("/sim/calls?limit=1").json["calls"] == [dropped]
    assert line.get("/2000000002-nothing").status == 404  # a page, not JSON
    assert line.get("/sim/calls?limit=1").json["calls"][0]["status"] == 404
    line.post("/sim/reset")
    assert line.get("/sim/calls").json == {"calls": []}


def test_a_broadcast_reaches_who_is_a_friend_then(line):
    early, blocked = line.resident(), line.resident("太郎", follow="before")
    line.post(f"/sim/residents/{blocked}/unfollow")
    body = {"messages": [{"type": "text", "text": "全員へ"}, {"type": "text", "text": "二通目"}]}
    assert line.post("/v2/bot/message/broadcast", body).json == {}
    late = line.resident("次郎", follow="before")
    line.post(f"/sim/residents/{blocked}/follow")
    assert line.texts(early) == ["全員へ", "二通目"]
    assert line.texts(late) == line.texts(blocked) == []
    assert line.book()[0]["userIds"] == [early]
    first, second = line.chat(early)
    assert line.chat(early, after=first["seq"]) == [second]
    assert line.chat(early, after=second["seq"]) == []


def test_settings_are_listed_and_a_wrong_one_is_named(line):
    settings = line.get("/sim/settings").json
    assert settings["quota"] is None
    assert settings["clock"] == 0
    answer = line.put("/sim/settings", {"qouta": 3})
    assert answer.status == 400
    assert "qouta" in answer.message
    assert "quota" in answer.message
    assert line.put("/sim/settings", {"batch": 0}).status == 400
    assert line.put("/sim/settings", {"clock": "tomorrow"}).status == 400
    assert line.settings(clock="2027-01-01T09:00:00+09:00")["now"].startswith("2027-01-01T00:00:0")


def test_reset_empties_everything_and_message_ids_go_on(line, bot):
    user_id = line.resident()
    before = line.says(user_id, "はい")["messageId"]
    line.settings(quota=5, clock=1000)
    line.put("/sim/faults", [{"endpoint": "push", "status": 500}])
    assert line.post("/sim/reset").status == 200
    assert line.get("/sim/residents").json == {"residents": []}
    assert line.book() == []
    settings = line.get("/sim/settings").json
    assert (settings["quota"], settings["clock"]) == (None, 0)
    assert settings["webhookUrl"] == bot.url
    assert line.get("/sim/faults").json == {"faults": []}
    assert line.says(line.resident(), "はい")["messageId"] > before


def test_what_comes_later_says_so(line):
    for path in ("/v2/bot/message/narrowcast", "/v2/bot/audienceGroup/upload", "/v2/bot/coupon"):
        assert line.post(path, {}).status == 501
    assert line.get("/v2/bot/message/delivery/pnp?date=20260101").status == 501
    assert line.post("/v2/bot/message/validate/carrier-pigeon", {}).status == 404
    assert line.get("/v2/bot/insight/followers?date=20261101").json == {"status": "unready"}
