"""What the simulator emits and accepts fits LINE's OpenAPI files, discriminators resolved."""

import json

import pytest

BUBBLE = {
    "type": "bubble",
    "body": {
        "type": "box",
        "layout": "vertical",
        "contents": [
            {"type": "text", "text": "図書館", "weight": "bold"},
            {"type": "separator"},
            {
                "type": "button",
                "action": {"type": "uri", "label": "地図", "uri": "https://example.com/"},
            },
        ],
    },
}
MESSAGES = [
    {"type": "text", "text": "はい"},
    {"type": "sticker", "packageId": "446", "stickerId": "1988"},
    {
        "type": "image",
        "originalContentUrl": "https://example.com/a.jpg",
        "previewImageUrl": "https://example.com/b.jpg",
    },
    {
        "type": "location",
        "title": "本庁舎",
        "address": "見本市1-1",
        "latitude": 35.6,
        "longitude": 139.7,
    },
    {"type": "flex", "altText": "案内", "contents": BUBBLE},
    {
        "type": "template",
        "altText": "選んでください",
        "template": {
            "type": "buttons",
            "text": "どれですか",
            "actions": [
                {"type": "postback", "label": "ごみ", "data": "garbage:start"},
                {"type": "message", "label": "図書館", "text": "図書館"},
                {"type": "datetimepicker", "label": "日", "data": "a:b", "mode": "date"},
            ],
        },
    },
    {
        "type": "text",
        "text": "写真は?",
        "quickReply": {
            "items": [
                {"type": "action", "action": {"type": "camera", "label": "撮る"}},
                {"type": "action", "action": {"type": "location", "label": "場所"}},
            ]
        },
    },
]


def test_every_webhook_fits(line, bot, openapi):
    user_id = line.resident()
    path = f"/sim/residents/{user_id}"
    line.says(user_id, "電池")
    for message in (
        {"type": "location", "latitude": 35.6, "longitude": 139.7, "title": "駅"},
        {"type": "sticker", "packageId": "1", "stickerId": "2", "stickerResourceType": "STATIC"},
        {"type": "sticker"},
    ):
        assert line.post(f"{path}/messages", message).status == 200
    image, other = ("a.png", "image/png", b"a"), ("b.png", "image/png", b"b")
    line.post_files(f"{path}/messages", image, other)
    for file in (image, ("a.mp4", "video/mp4", b""), ("a.m4a", "audio/mp4", b""), ("a", "", b"")):
        answer = line.post_files(f"{path}/messages", file)
        assert answer.status == 200
    line.post(f"{path}/unsend", {"messageId": answer.json["messageId"]})
    line.post(f"{path}/postback", {"data": "a", "params": {"date": "2026-12-01"}})
    line.post(f"{path}/unfollow")
    line.settings(mode="standby")
    line.says(user_id, "待機")
    kinds = {event["type"] for event in bot.events}
    assert kinds == {"follow", "message", "unsend", "postback", "unfollow"}
    problems = [
        problem
        for body in bot.bodies
        for problem in openapi.webhook.problems("CallbackRequest", body)
    ]
    assert problems == []


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message["type"])
def test_what_is_accepted_fits_and_so_does_the_answer(line, bot, openapi, message):
    user_id = line.resident()
    body = {"to": user_id, "messages": [message]}
    answer = line.post("/v2/bot/message/push", body)
    assert answer.status == 200, answer
    assert openapi.messaging.problems("PushMessageRequest", body) == []
    assert openapi.messaging.problems("PushMessageResponse", answer.json) == []
    (entry,) = line.chat(user_id)
    assert openapi.messaging.problems("Message", entry["message"]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "hologram"},
        {"type": "text"},
        {"type": "flex", "altText": "a", "contents": {"type": "bubble", "body": {"type": "text"}}},
        {"type": "sticker", "packageId": 446, "stickerId": "1988"},
        {"type": "location", "title": "a", "address": "b", "latitude": "x", "longitude": 1},
    ],
    ids=json.dumps,
)
def test_what_does_not_fit_is_refused(line, openapi, wrong):
    assert openapi.messaging.problems("Message", wrong) != []
    body = {"to": line.resident(), "messages": [wrong]}
    answer = line.post("/v2/bot/message/push", body)
    assert answer.status == 400
    assert openapi.messaging.problems("ErrorResponse", answer.json) == []


def test_every_other_answer_fits(line, bot, openapi):
    user_id = line.resident("花子", language="ja")
    line.settings(quota=10)
    line.says(user_id, "はい")
    for schema, path in (
        ("UserProfileResponse", f"/v2/bot/profile/{user_id}"),
        ("BotInfoResponse", "/v2/bot/info"),
        ("GetFollowersResponse", "/v2/bot/followers/ids"),
        ("MessageQuotaResponse", "/v2/bot/message/quota"),
        ("QuotaConsumptionResponse", "/v2/bot/message/quota/consumption"),
        ("NumberOfMessagesResponse", "/v2/bot/message/delivery/push?date=20260101"),
        ("GetWebhookEndpointResponse", "/v2/bot/channel/webhook/endpoint"),
    ):
        answer = line.get(path)
        assert answer.status == 200, path
        assert openapi.messaging.problems(schema, answer.json) == [], path
    tested = line.post("/v2/bot/channel/webhook/test", {}).json
    assert openapi.messaging.problems("TestWebhookEndpointResponse", tested) == []
    replied = line.reply(bot.events[-1]["replyToken"]).json
    assert openapi.messaging.problems("ReplyMessageResponse", replied) == []
    credentials = {
        "grant_type": "client_credentials",
        "client_id": "2000000001",
        "client_secret": "secret-of-the-test",
    }
    stateless = line.post_form("/oauth2/v3/token", **credentials).json
    schema = "IssueStatelessChannelAccessTokenResponse"
    assert openapi.token.problems(schema, stateless) == []
    short = line.post_form("/v2/oauth/accessToken", **credentials).json
    assert openapi.token.problems("IssueShortLivedChannelAccessTokenResponse", short) == []
    verified = line.post_form("/v2/oauth/verify", access_token=short["access_token"]).json
    assert openapi.token.problems("VerifyChannelAccessTokenResponse", verified) == []


def test_login_s_answers_fit_where_they_are_described(line, openapi):
    user_id, app = line.resident(), "2000000002-aaaaaaaa"
    credentials = {
        "grant_type": "client_credentials",
        "client_id": "2000000002",
        "client_secret": "login-secret-of-the-test-00000000",
    }
    stateless = line.post_form("/oauth2/v3/token", **credentials).json
    schema = "IssueStatelessChannelAccessTokenResponse"
    assert openapi.token.problems(schema, stateless) == []
    token = line.post(f"/sim/residents/{user_id}/id-token", {"liffId": app}).json["accessToken"]
    verified = line.get(f"/oauth2/v2.1/verify?access_token={token}").json
    assert openapi.token.problems("VerifyChannelAccessTokenResponse", verified) == []
    # The apps have the values that the LIFF server API has for them.
    for one in line.get("/sim/liff").json["apps"]:
        theirs = {
            "liffId": one["liffId"],
            "view": {"type": one["size"], "url": one["endpoint"]},
            "scope": one["scopes"],
            "botPrompt": one["botPrompt"],
        }
        assert openapi.liff.problems("LiffApp", theirs) == []
