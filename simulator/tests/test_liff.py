"""LIFF URLs, views on phones, messages from LIFF pages, over HTTP (R55, R57, R58, R61 to R63)."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

APP, OTHER = "2000000002-aaaaaaaa", "2000000002-bbbbbbbb"
ENDPOINT = "http://127.0.0.1:9/app"
FLEX = {
    "type": "flex",
    "altText": "案内",
    "contents": {
        "type": "bubble",
        "body": {
            "type": "box",
            "layout": "vertical",
            "contents": [
                {
                    "type": "button",
                    "action": {"type": "uri", "label": "開く", "uri": "https://example.com/"},
                }
            ],
        },
    },
}


def opened(line, user_id, rest="", **more):
    body = {"url": f"https://liff.line.me/{APP}{rest}", **more}
    return line.post(f"/sim/residents/{user_id}/liff", body)


def allow(line, view, **fields):
    form = {"view": view, "answer": "allow", "writes": "1", "write": "1", **fields}
    return line.post_form("/dialog/liff", **form)


def session(line, view):
    return line.post(f"/sim/liff/{view}/session")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("address", "target"),
    [
        (f"/{APP}", ENDPOINT),
        (f"/{APP}/", ENDPOINT),
        (f"/{APP}/a/b?x=1&y=2", f"{ENDPOINT}?liff.state=%2Fa%2Fb%3Fx%3D1%26y%3D2"),
        (f"/{APP}?x=%E8%8A%B1", f"{ENDPOINT}?liff.state=%3Fx%3D%25E8%258A%25B1"),
        (f"/{OTHER}/a", "http://127.0.0.1:9/b?x=1&liff.state=%2Fa"),
    ],
)
def test_r57_r58_a_liff_url_leads_to_the_endpoint(line, address, target):
    answer = line.get(address)
    assert (answer.status, answer.headers["location"]) == (302, target)


@pytest.mark.parametrize(
    "rest", ["/..", "/a/../../x", "/%2e%2e/x", "/a/%2E%2E", "/..%2fx", "/.\\.."]
)
def test_r62_above_the_endpoint_is_refused(line, rest):
    answer = line.get(f"/{APP}{rest}")
    assert answer.status == 400
    assert "location" not in answer.headers
    assert opened(line, line.resident(), rest).status == 400


def test_what_is_no_liff_app_is_not_found(line):
    assert line.get("/2000000002-zzzzzzzz").status == 404
    assert line.get("/2000000002").status == 404
    user_id = line.resident()
    url = {"url": "https://liff.line.me/2000000002-zzzzzzzz"}
    assert line.post(f"/sim/residents/{user_id}/liff", url).status == 404
    assert line.post(f"/sim/residents/{user_id}/liff", {"url": "https://example.com"}).status == 400


def test_r55_a_view_gives_tokens_after_the_consent_and_ends_them(line):
    user_id = line.resident("花子")
    first = opened(line, user_id, "/form?id=3#top").json
    view = first["view"]
    assert user_id not in first["address"]
    assert (first["size"], first["name"]) == ("full", "見本市")
    assert session(line, view).status == 403
    screen = line.get(first["address"])
    assert "「見本市」に許可しますか" in screen.body.decode()
    assert "frame-ancestors 'self'" in screen.headers["content-security-policy"]
    on = allow(line, view)
    assert (on.status, on.headers["location"]) == (303, first["primaryUrl"])
    state = parse_qs(urlsplit(first["primaryUrl"]).query)["liff.state"]
    assert state == ["/form?id=3#top"]
    given = session(line, view).json
    assert given == session(line, view).json
    context = given["context"]
    assert (context["type"], context["viewType"], context["userId"]) == ("utou", "full", user_id)
    token = bearer(given["accessToken"])
    assert line.get("/v2/profile", **token).status == 200
    line.post(f"/sim/liff/{view}/close")
    assert line.get("/v2/profile", **token).status == 401
    assert session(line, view).status == 404
    # asked once: the next view goes straight to the page
    second = opened(line, user_id).json
    assert second["address"] == ENDPOINT
    assert session(line, second["view"]).json["accessToken"] != given["accessToken"]


def test_the_consent_is_of_one_resident_and_one_app(line):
    hanako, taro = line.resident("花子"), line.resident("太郎")
    allow(line, opened(line, hanako).json["view"])
    assert opened(line, hanako).json["address"] == ENDPOINT
    assert "/dialog/" in opened(line, taro).json["address"]
    url = {"url": f"{line.base}/{OTHER}"}
    assert "/dialog/" in line.post(f"/sim/residents/{hanako}/liff", url).json["address"]


def test_who_does_not_allow_gets_nothing(line):
    user_id = line.resident()
    view = opened(line, user_id).json["view"]
    page = line.post_form("/dialog/liff", view=view, answer="deny")
    assert "許可しませんでした" in page.body.decode()
    assert session(line, view).status == 403


def test_r61_messages_come_with_a_webhook_but_templates_do_not(line, bot):
    user_id = line.resident()
    token = line.post(f"/sim/residents/{user_id}/id-token", {"liffId": APP}).json["accessToken"]
    image = {
        "type": "image",
        "originalContentUrl": "https://example.com/a.jpg",
        "previewImageUrl": "https://example.com/b.jpg",
    }
    messages = [{"type": "text", "text": "申し込みました"}, FLEX, image]
    before = len(bot.events)
    answer = line.post("/message/v3/share", {"messages": messages}, **bearer(token))
    assert answer.status == 200, answer
    seen = [(entry["from"], entry["message"]["type"]) for entry in line.chat(user_id)]
    assert seen == [("resident", "text"), ("resident", "flex"), ("resident", "image")]
    heard = [event["message"] for event in bot.events[before:]]
    assert [message["type"] for message in heard] == ["text", "image"]
    assert heard[1]["contentProvider"]["type"] == "external"
    assert heard[1]["contentProvider"]["originalContentUrl"] == "https://example.com/a.jpg"


def test_r61_what_may_not_be_sent(line, bot):
    user_id = line.resident()
    token = bearer(
        line.post(f"/sim/residents/{user_id}/id-token", {"liffId": APP}).json["accessToken"]
    )
    text = {"type": "text", "text": "はい"}
    tap = {"type": "postback", "label": "送る", "data": "a:b"}
    confirm = {"type": "confirm", "text": "?", "actions": [tap, tap]}
    template = {"type": "template", "altText": "?", "template": confirm}
    before = len(bot.events)
    for messages in ([text] * 6, [], [template], [{"type": "text", "text": ""}], "x", None):
        answer = line.post("/message/v3/share", {"messages": messages}, **token)
        assert answer.status == 400, messages
    other = line.post(f"/sim/residents/{user_id}/id-token", {"liffId": OTHER}).json["accessToken"]
    without_scope = line.post("/message/v3/share", {"messages": [text]}, **bearer(other))
    assert without_scope.status == 403
    assert len(bot.events) == before
    assert line.chat(user_id) == []


def test_r61_only_from_a_chat(line):
    user_id = line.resident()
    view = opened(line, user_id, chat=False).json["view"]
    allow(line, view)
    given = session(line, view).json
    assert given["context"]["type"] == "none"
    body = {"messages": [{"type": "text", "text": "はい"}]}
    assert line.post("/message/v3/share", body, **bearer(given["accessToken"])).status == 403


def test_writing_may_be_refused_and_is_not_asked_again(line):
    user_id = line.resident()
    view = opened(line, user_id).json["view"]
    allow(line, view, write="")
    given = session(line, view).json
    granted = line.get("/liff/v2/permissions", **bearer(given["accessToken"])).json["granted"]
    assert granted == ["openid", "profile"]
    assert opened(line, user_id).json["address"] == ENDPOINT


def test_r63_simplified_consent_gives_the_id_alone_until_more_is_asked(line):
    app = {"liffId": APP, "endpoint": ENDPOINT, "simplified": True}
    line.put("/sim/liff", {"apps": [app]})
    user_id = line.resident("花子")
    view = opened(line, user_id).json["view"]
    screen = line.get(f"/dialog/liff?view={view}").body.decode()
    assert "見分ける番号" in screen
    assert "表示名" not in screen
    allow(line, view)
    token = session(line, view).json
    form = {"id_token": token["idToken"], "client_id": "2000000002"}
    assert "name" not in line.post_form("/oauth2/v2.1/verify", **form).json
    assert line.get("/v2/profile", **bearer(token["accessToken"])).status == 403
    assert "表示名" in line.get(f"/dialog/liff?view={view}&all=1").body.decode()
    allow(line, view, all="1")
    assert line.get("/v2/profile", **bearer(token["accessToken"])).status == 200
    form["id_token"] = session(line, opened(line, user_id).json["view"]).json["idToken"]
    assert line.post_form("/oauth2/v2.1/verify", **form).json["name"] == "花子"


def test_r59_the_sdk_lies_at_line_s_path(line):
    answer = line.get("/liff/edge/versions/2.27.3/sdk.js")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert line.get("/liff/edge/versions/2.27.3/other.js").status == 404


def test_the_phone_lets_the_endpoints_in(line):
    app = {"liffId": APP, "endpoint": "https://dev.example.com/liff"}
    line.put("/sim/liff", {"apps": [app]})
    policy = line.get("/").headers["content-security-policy"]
    assert re.search(r"frame-src [^;]*https://dev\.example\.com(;| )", policy)
