"""Reply, push, multicast and broadcast with the errors that LINE documents."""

import json
import time

import pytest

from madoguchi_simulator import Clock, Refusal
from madoguchi_simulator.rates import RateLimits

KEY = "123e4567-e89b-12d3-a456-426614174000"
OTHER_KEY = "00000000-e89b-12d3-a456-426614174000"
NOBODY = "U" + "f" * 32


def _token(line, bot) -> str:
    line.says(line.resident(), "はい")
    return bot.events[-1]["replyToken"]


def test_a_reply_token_works_once_r20(line, bot):
    token = _token(line, bot)
    sent = line.reply(token).json["sentMessages"]
    assert sent[0].keys() == {"id", "quoteToken"}
    again = line.reply(token)
    assert (again.status, again.message) == (400, "Invalid reply token")
    assert line.reply("unknown").message == "Invalid reply token"


def test_a_reply_token_lives_a_minute_r20(line, bot):
    in_time, late = _token(line, bot), _token(line, bot)
    line.settings(clock=30)
    assert line.reply(in_time).status == 200
    line.settings(clock=62)
    assert line.reply(late).message == "Invalid reply token"


def test_a_redelivered_token_lives_another_minute_up_to_twenty_r20(line, bot, eventually):
    bot.status = 500
    line.settings(redelivery=[300, 800, 300])
    line.says(line.resident(follow="before"), "はい")
    token = bot.events[-1]["replyToken"]
    line.settings(clock=305)
    eventually(lambda: len(bot.requests) == 2)
    assert bot.events[-1]["deliveryContext"] == {"isRedelivery": True}
    line.settings(clock=1110)
    eventually(lambda: len(bot.requests) == 3)
    line.settings(clock=1130)
    assert line.reply(token).status == 200
    assert line.reply(token).message == "Invalid reply token"


def test_a_redelivered_token_ends_twenty_minutes_after_the_event_r20(line, bot, eventually):
    bot.status = 500
    line.settings(redelivery=[1190])
    line.says(line.resident(follow="before"), "はい")
    token = bot.events[-1]["replyToken"]
    line.settings(clock=1192)
    eventually(lambda: len(bot.requests) == 2)
    line.settings(clock=1202)
    assert line.reply(token).message == "Invalid reply token"


def test_more_than_five_messages_and_none_are_refused_r22(line):
    user_id = line.resident()
    for count in (0, 6):
        body = {"to": user_id, "messages": [{"type": "text", "text": "a"}] * count}
        answer = line.post("/v2/bot/message/push", body)
        assert answer.json == {
            "message": "The request body has 1 error(s)",
            "details": [{"message": "Size must be between 1 and 5", "property": "messages"}],
        }


def test_a_body_above_two_megabytes_is_refused_r22(line):
    body = {"to": line.resident(), "messages": [{"type": "text", "text": "a" * 2_200_000}]}
    assert line.post("/v2/bot/message/push", body).status == 413


def test_every_field_error_is_listed_with_its_property(line):
    messages = [{"type": "text", "text": ""}, {"type": "text", "text": "🍎" * 2501}]
    answer = line.post("/v2/bot/message/push", {"to": line.resident(), "messages": messages})
    assert answer.status == 400
    assert answer.message == "The request body has 2 error(s)"
    assert answer.json["details"] == [
        {"message": "May not be empty", "property": "messages[0].text"},
        {"message": "Length must be between 0 and 5000", "property": "messages[1].text"},
    ]


def test_broken_json_says_line_and_column(line):
    answer = line.post("/v2/bot/message/push", b'{\n "to": }')
    assert answer.status == 400
    text = "The request body could not be parsed as JSON (line: 2, column: 8)"
    assert answer.message == text
    for body in (b"", b"[]", b"\xff", b"[" * 100_000):
        answer = line.post("/v2/bot/message/push", body)
        assert answer.status == 400
        assert "could not be parsed as JSON" in answer.message


def test_another_media_type_is_refused(line):
    answer = line.post("/v2/bot/message/push", b"{}", Content_Type="text/plain")
    assert (answer.status, answer.message) == (
        415,
        "The content type, text/plain, is not supported",
    )


def test_a_wrong_token_and_an_unknown_path_and_every_answer_has_a_request_id_r17(line):
    line.token = "wrong"
    unauthorized = line.push(NOBODY)
    assert unauthorized.status == 401
    assert unauthorized.message.startswith("Authentication failed due to the following reason: ")
    assert line.post("/v2/bot/message/push", {}, Authorization="").status == 401
    missing = line.get("/v2/bot/nothing")
    assert (missing.status, missing.message) == (404, "Not found")
    ids = {answer.headers["x-line-request-id"] for answer in (unauthorized, missing)}
    assert len(ids) == 2


def test_a_retry_key_is_accepted_once_r25(line):
    user_id = line.resident()
    first = line.push(user_id, "一度だけ", X_Line_Retry_Key=KEY)
    again = line.push(user_id, "一度だけ", X_Line_Retry_Key=KEY.upper())
    assert again.status == 409
    assert again.json == {"message": "The retry key is already accepted", **first.json}
    request_id = first.headers["x-line-request-id"]
    assert again.headers["x-line-accepted-request-id"] == request_id
    assert again.headers["x-line-request-id"] != request_id
    other_body = line.push(user_id, "別の文", X_Line_Retry_Key=KEY)
    assert other_body.status == 409
    assert line.texts(user_id) == ["一度だけ"]


def test_a_retry_key_holds_for_24_hours_r25(line):
    user_id = line.resident()
    line.multicast([user_id], X_Line_Retry_Key=KEY)
    line.settings(clock=24 * 3600 - 60)
    again = line.multicast([user_id], X_Line_Retry_Key=KEY)
    assert (again.status, again.json) == (409, {"message": "The retry key is already accepted"})
    line.settings(clock=24 * 3600 + 60)
    assert line.multicast([user_id], X_Line_Retry_Key=KEY).status == 200
    assert len(line.book()) == 2


def test_a_refused_request_leaves_its_retry_key_free_r26(line):
    user_id = line.resident()
    line.settings(quota=0)
    assert line.push(user_id, X_Line_Retry_Key=KEY).status == 429
    line.settings(quota=None)
    assert line.push(user_id, X_Line_Retry_Key=KEY).status == 200


def test_a_retry_key_where_there_is_none_is_refused_r24(line, bot):
    token = _token(line, bot)
    assert line.reply(token, X_Line_Retry_Key=KEY).status == 400
    assert line.reply(token).status == 200
    profile = line.get("/v2/bot/info", **{"X-Line-Retry-Key": KEY})
    assert profile.status == 400
    assert line.push(NOBODY, X_Line_Retry_Key="no-uuid").status == 400


def test_both_429_have_their_own_text_r26_r27(line):
    user_id = line.resident()
    line.settings(quota=1)
    assert line.push(user_id).status == 200
    monthly = line.push(user_id)
    assert (monthly.status, monthly.message) == (429, "You have reached your monthly limit.")
    line.settings(quota=None, rateScale=0.000_001)  # one push in 500 seconds
    assert line.push(user_id).status == 200
    limited = line.push(user_id)
    assert limited.status == 429
    assert limited.message == "The API rate limit has been exceeded. Try again later."
    assert "retry-after" not in limited.headers


def test_rate_limits_are_token_buckets_per_endpoint_r27(line):
    user_id = line.resident()
    line.settings(rateScale=0.000_1)  # a multicast in 50 seconds, a push in 5
    assert [line.multicast([user_id]).status for _ in range(2)] == [200, 429]
    assert line.push(user_id).status == 200
    line.settings(clock=51)
    assert [line.multicast([user_id]).status for _ in range(2)] == [200, 429]
    line.settings(rateScale=0)
    assert {line.multicast([user_id]).status for _ in range(12)} == {200}


def test_a_bucket_holds_a_window_and_refills_evenly_r27(monkeypatch):
    clock = Clock()
    limits = RateLimits(clock)

    def allowed(endpoint: str) -> int:
        for count in range(1000):
            try:
                limits.take(endpoint, endpoint, 1)
            except Refusal:
                return count
        return 1000

    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 1_800_000_000.0)
        assert allowed("multicast") == 200
        assert allowed("broadcast") == 60
        clock.move(0.5)
        assert allowed("multicast") == 100
        assert allowed("broadcast") == 0
        clock.move(60)
        assert allowed("multicast") == 200
        assert allowed("broadcast") == 1
        clock.move(-3600)
        assert allowed("multicast") == 0


def test_the_quota_counts_recipients_who_are_reached_r21(line, bot):
    one, two, blocked = line.resident(), line.resident("太郎"), line.resident("次郎")
    line.post(f"/sim/residents/{blocked}/unfollow")
    line.settings(quota=2)
    assert line.get("/v2/bot/message/quota").json == {"type": "limited", "value": 2}
    assert line.multicast([one, two, blocked]).status == 200
    assert line.get("/v2/bot/message/quota/consumption").json == {"totalUsage": 2}
    line.says(one, "はい")
    assert line.reply(bot.events[-1]["replyToken"]).status == 200
    assert line.push(blocked).status == 200
    assert line.multicast([one]).message == "You have reached your monthly limit."
    line.settings(clock=32 * 86400)
    assert line.get("/v2/bot/message/quota/consumption").json == {"totalUsage": 0}
    line.settings(quota=None)
    assert line.get("/v2/bot/message/quota").json == {"type": "none"}


def test_a_multicast_with_an_unknown_id_reaches_nobody_r29(line):
    user_id = line.resident()
    answer = line.multicast([user_id, NOBODY])
    assert answer.status == 400
    text = "The property, to[1], in the request body is invalid (line: -, column: -)"
    assert answer.message == text
    assert line.multicast([user_id, 7]).message == text
    assert line.multicast([user_id, {}]).message == text
    assert line.texts(user_id) == []
    line.settings(lenientMulticast=True)
    assert line.multicast([user_id, NOBODY]).status == 200
    assert line.multicast([user_id, "not an id"]).message == text
    assert line.texts(user_id) == ["皆さん"]


@pytest.mark.parametrize("count", [0, 501])
def test_a_multicast_takes_1_to_500_ids_r23(line, count):
    answer = line.multicast([NOBODY] * count)
    assert answer.json["details"] == [
        {"message": "Size must be between 1 and 500", "property": "to"}
    ]


def test_push_to_nobody_and_to_who_blocked_r28_r30(line):
    unknown = line.push(NOBODY)
    assert (unknown.status, unknown.message) == (400, "Failed to send messages")
    malformed = line.push("everybody")
    assert malformed.message == (
        "The property, 'to', in the request body is invalid (line: -, column: -)"
    )
    user_id = line.resident()
    line.post(f"/sim/residents/{user_id}/unfollow")
    assert line.push(user_id).status == 200
    assert line.multicast([user_id]).status == 200
    line.post(f"/sim/residents/{user_id}/follow")
    assert line.texts(user_id) == []


def test_push_reaches_who_wrote_in_the_last_seven_days_r31(line):
    stranger = line.resident(follow=False)
    assert line.push(stranger, "届かない").status == 200
    line.says(stranger, "はい")
    line.push(stranger, "届く")
    line.settings(clock=8 * 86400)
    line.push(stranger, "もう届かない")
    assert line.texts(stranger) == ["はい", "届く"]


def test_validate_checks_message_objects_and_sends_nothing_r44(line):
    good = {"messages": [{"type": "text", "text": "はい"}]}
    bad = {"messages": [{"type": "text", "text": ""}]}
    for kind in ("reply", "push", "multicast", "broadcast", "narrowcast"):
        assert line.post(f"/v2/bot/message/validate/{kind}", good).json == {}
        assert line.post(f"/v2/bot/message/validate/{kind}", bad).status == 400
    assert line.book() == []


def test_units_are_checked_r33(line):
    body = {"to": line.resident(), "messages": [{"type": "text", "text": "a"}]}
    for units in (["a", "b"], ["ごみ"], ["x" * 31], "a"):
        answer = line.post("/v2/bot/message/push", {**body, "customAggregationUnits": units})
        assert answer.status == 400, units
    answer = line.post("/v2/bot/message/push", {**body, "customAggregationUnits": ["gomi_1"]})
    assert answer.status == 200


def test_units_of_this_month_are_listed_in_pages_r33(line):
    line.settings(rateScale=0, clock="2026-11-30T14:00:00+00:00")
    user_id = line.resident()
    path = "/v2/bot/message/aggregation"
    for unit in ("b", "a", "b", "c"):
        line.post(
            "/v2/bot/message/push",
            {
                "to": user_id,
                "messages": [{"type": "text", "text": "はい"}],
                "customAggregationUnits": [unit],
            },
        )
    line.push(user_id)
    assert line.get(f"{path}/info").json == {"numOfCustomAggregationUnits": 3}
    first = line.get(f"{path}/list?limit=2").json
    assert first["customAggregationUnits"] == ["b", "a"]
    rest = line.get(f"{path}/list?limit=2&start={first['next']}").json
    assert rest == {"customAggregationUnits": ["c"]}
    assert line.get(f"{path}/list?start=x").message == "Invalid start param"
    assert line.get(f"{path}/list?limit=101").status == 400
    # In Japan the month is over an hour later.
    line.settings(clock="2026-11-30T15:00:01+00:00")
    assert line.get(f"{path}/list").json == {"customAggregationUnits": []}


def test_insight_has_not_counted_yet_and_wants_dates(line):
    path = "/v2/bot/insight"
    assert line.get(f"{path}/followers?date=20261101").json == {"status": "unready"}
    assert line.get(f"{path}/followers").message == "date is required"
    assert line.get(f"{path}/message/delivery?date=20261301").message == "Bad Request"
    assert line.get(f"{path}/demographic").json == {"available": False}
    assert line.get(f"{path}/richmenu/richmenu-x/summary").status == 404


def test_the_body_in_the_book_is_what_was_sent(line):
    user_id = line.resident()
    message = {"type": "text", "text": "𠮷野家\ud83c", "quickReply": {"items": []}}
    del message["quickReply"]
    message["text"] = "𠮷野家"
    body = json.dumps({"messages": [message], "to": user_id}).encode()
    line.post("/v2/bot/message/push", body)
    assert line.book()[0]["messages"] == [message]
