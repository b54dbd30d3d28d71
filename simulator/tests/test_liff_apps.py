"""The LIFF server API; and a Login channel of another provider, with user ids of its own (R50)."""

from dataclasses import replace

import jwt

LOGIN_SECRET = "login-secret-of-the-test-00000000"

CHANNEL, EMPTY = "2000000002", "2000000003"


def apps(line, channel, secret):
    form = {"grant_type": "client_credentials", "client_id": channel, "client_secret": secret}
    token = line.post_form("/oauth2/v3/token", **form).json["access_token"]
    return line.get("/liff/v1/apps", Authorization=f"Bearer {token}")


def test_a_login_channel_s_apps_are_listed_with_its_own_token(line):
    listed = apps(line, CHANNEL, LOGIN_SECRET).json["apps"]
    assert [(app["liffId"], app["view"]["url"], app["scope"]) for app in listed] == [
        (
            "2000000002-aaaaaaaa",
            "http://127.0.0.1:9/app",
            ["openid", "profile", "chat_message.write"],
        ),
        ("2000000002-bbbbbbbb", "http://127.0.0.1:9/b?x=1", ["openid"]),
    ]
    assert apps(line, EMPTY, "another-login-channel-secret-000").status == 404
    assert line.get("/liff/v1/apps").status == 401


def test_r50_another_provider_knows_residents_by_other_ids(line, simulator):
    user_id = line.resident()
    logins = simulator.logins
    logins.channels[CHANNEL] = replace(logins.channels[CHANNEL], provider="another")
    path = f"/sim/residents/{user_id}/id-token"
    told = line.post(path, {"liffId": "2000000002-aaaaaaaa"}).json
    subject = jwt.decode(told["idToken"], options={"verify_signature": False})["sub"]
    assert subject != user_id
    assert len(subject) == 33
    bearer = f"Bearer {told['accessToken']}"
    assert line.get("/v2/profile", Authorization=bearer).json["userId"] == subject
    assert line.get("/oauth2/v2.1/userinfo", Authorization=bearer).json["sub"] == subject
    assert line.get(f"/v2/bot/profile/{user_id}").status == 200
    assert line.get(f"/v2/bot/profile/{subject}").status == 404
