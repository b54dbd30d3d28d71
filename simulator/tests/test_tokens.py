"""Channel access tokens, profiles and followers (R49, R52)."""

import base64
import json
import time

SECRET = "secret-of-the-test"
CHANNEL = "2000000001"
GRANT = {"grant_type": "client_credentials"}
BY_SECRET = {**GRANT, "client_id": CHANNEL, "client_secret": SECRET}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _assertion(**changes) -> dict[str, str]:
    claims = {
        "iss": CHANNEL,
        "sub": CHANNEL,
        "aud": "https://api.line.me/",
        "exp": int(time.time()) + 600,
        "token_exp": 86400,
        **changes,
    }
    parts = ({"alg": "RS256", "typ": "JWT", "kid": "key"}, claims, "signature")
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": ".".join(encoded)}


def _works(line, token: str) -> bool:
    answer = line.get("/v2/bot/info", Authorization=f"Bearer {token}")
    return answer.status == 200


def test_a_stateless_token_lives_15_minutes_and_cannot_be_revoked_r52(line):
    issued = line.post_form("/oauth2/v3/token", **BY_SECRET).json
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 900)
    token = issued["access_token"]
    line.post_form("/v2/oauth/revoke", access_token=token)
    assert _works(line, token)
    line.settings(clock=600)
    assert _works(line, token)
    line.settings(clock=901)
    assert not _works(line, token)
    assert "key_id" not in issued
    line.settings(clock=0)
    assert line.post_form("/oauth2/v3/token", **GRANT, **_assertion()).status == 200


def test_v21_tokens_live_as_the_assertion_says_and_the_31st_is_refused_r52(line):
    issued = line.post_form("/oauth2/v2.1/token", **GRANT, **_assertion()).json
    assert issued["expires_in"] == 86400
    verified = line.get(f"/oauth2/v2.1/verify?access_token={issued['access_token']}").json
    assert verified["client_id"] == CHANNEL
    assert 86000 < verified["expires_in"] <= 86400
    for _ in range(29):
        assert line.post_form("/oauth2/v2.1/token", **GRANT, **_assertion()).status == 200
    refused = line.post_form("/oauth2/v2.1/token", **GRANT, **_assertion())
    assert refused.status == 400
    assert refused.json["error"] == "invalid_request"
    ids = _assertion()
    query = "&".join(f"{name}={value}" for name, value in ids.items())
    kids = line.get(f"/oauth2/v2.1/tokens/kid?{query}").json["kids"]
    assert len(kids) == 30
    assert issued["key_id"] in kids
    token = issued["access_token"]
    revocation = {"client_id": CHANNEL, "client_secret": SECRET, "access_token": token}
    assert line.post_form("/oauth2/v2.1/revoke", **revocation).status == 200
    assert not _works(line, token)
    assert line.get(f"/oauth2/v2.1/verify?access_token={token}").status == 400
    assert line.post_form("/oauth2/v2.1/token", **GRANT, **_assertion()).status == 200


def test_of_short_lived_tokens_the_oldest_ends_r52(line):
    tokens = [
        line.post_form("/v2/oauth/accessToken", **BY_SECRET).json["access_token"] for _ in range(31)
    ]
    assert not _works(line, tokens[0])
    assert _works(line, tokens[1])
    verified = line.post_form("/v2/oauth/verify", access_token=tokens[1]).json
    assert verified["expires_in"] > 29 * 86400
    line.post_form("/v2/oauth/revoke", access_token=tokens[1])
    assert not _works(line, tokens[1])
    line.settings(clock=30 * 86400 + 10)
    assert not _works(line, tokens[-1])


def test_wrong_credentials_are_refused_with_oauth_errors(line):
    wrong = line.post_form("/oauth2/v3/token", **{**BY_SECRET, "client_secret": "x"})
    assert (wrong.status, wrong.json["error"]) == (400, "invalid_client")
    no_grant = line.post_form("/oauth2/v3/token", client_id=CHANNEL, client_secret=SECRET)
    assert no_grant.json["error"] == "unsupported_grant_type"
    for changes in ({"iss": "1"}, {"exp": 1}, {"exp": "x"}, {"token_exp": 31 * 86400}):
        assertion = _assertion(**changes)
        assert line.post_form("/oauth2/v2.1/token", **GRANT, **assertion).status == 400, changes
    garbage = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": "garbage"}
    assert line.post_form("/oauth2/v2.1/token", **GRANT, **garbage).status == 400


def test_profiles_of_friends_and_of_strangers_who_wrote_r49(line):
    friend = line.resident("花子", language="ja")
    answer = line.get(f"/v2/bot/profile/{friend}").json
    assert answer == {"userId": friend, "displayName": "花子", "language": "ja"}
    stranger = line.resident("太郎", follow=False)
    assert line.get(f"/v2/bot/profile/{stranger}").status == 404
    line.says(stranger, "はい")
    assert line.get(f"/v2/bot/profile/{stranger}").json == {
        "userId": stranger,
        "displayName": "太郎",
    }
    line.post(f"/sim/residents/{friend}/unfollow")
    missing = line.get(f"/v2/bot/profile/{friend}")
    assert (missing.status, missing.message) == (404, "Not found")


def test_followers_come_in_pages_for_verified_accounts_r49(line):
    friends = [line.resident(str(n), follow="before") for n in range(5)]
    line.resident("まだの人", follow=False)
    found, start = [], ""
    while True:
        page = line.get(f"/v2/bot/followers/ids?limit=2{start}").json
        found += page["userIds"]
        if "next" not in page:
            break
        start = f"&start={page['next']}"
    assert found == friends
    assert line.get("/v2/bot/followers/ids").json == {"userIds": friends}
    wrong = line.get("/v2/bot/followers/ids?start=abc")
    assert (wrong.status, wrong.message) == (400, "Invalid start param")
    assert line.get("/v2/bot/followers/ids?limit=1001").status == 400
    line.settings(clock=86400 + 60)
    assert line.get(f"/v2/bot/followers/ids?limit=2{start}").message == "Invalid start param"
    line.settings(verified=False)
    forbidden = line.get("/v2/bot/followers/ids")
    assert forbidden.status == 403
    assert forbidden.message == "Access to this API is not available for your account"


def test_loading_moves_until_a_message_comes_r34(line):
    user_id = line.resident()
    path, start = f"/sim/residents/{user_id}/chat", "/v2/bot/chat/loading/start"
    assert line.post(start, {"chatId": user_id, "loadingSeconds": 5}).status == 202
    assert line.get(path).json["loading"] is True
    line.push(user_id)
    assert line.get(path).json["loading"] is False
    line.post(start, {"chatId": user_id})
    line.settings(clock=21)
    assert line.get(path).json["loading"] is False
    for seconds in (0, 4, 7, 65, "5"):
        answer = line.post(start, {"chatId": user_id, "loadingSeconds": seconds})
        assert answer.status == 400, seconds
    assert line.post(start, {"chatId": "U" + "f" * 32}).status == 400
    assert line.post(start, {}).json["details"][0]["property"] == "chatId"


def test_marking_as_read_r35(line, bot):
    user_id = line.resident()
    line.says(user_id, "一")
    line.says(user_id, "二")
    token = bot.events[-1]["message"]["markAsReadToken"]
    line.says(user_id, "三")
    assert line.post("/v2/bot/chat/markAsRead", {"markAsReadToken": "x"}).status == 400
    assert line.post("/v2/bot/chat/markAsRead", {"markAsReadToken": token}).json == {}
    assert [entry.get("read", False) for entry in line.chat(user_id)] == [True, True, False]


def test_deliveries_are_counted_by_day_in_japan(line):
    user_id = line.resident()
    line.settings(clock="2027-02-01T23:30:00+09:00")
    line.push(user_id)
    path = "/v2/bot/message/delivery/push?date="
    assert line.get(path + "20270201").json == {"status": "unready"}
    line.settings(clock="2027-02-02T00:30:00+09:00")
    assert line.get(path + "20270201").json == {"status": "ready", "success": 1}
    assert line.get(path + "20180101").json == {"status": "out_of_service"}
    wrong = line.get(path + "2027-02-01")
    assert wrong.message == "The value for the 'date' parameter is invalid"
