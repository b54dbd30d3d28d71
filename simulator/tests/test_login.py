"""LINE Login in a web browser, without one: authorize, consent, code, tokens (R54, R64, R65)."""

import base64
import hashlib
import re
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
import pytest

CHANNEL, SECRET = "2000000002", "login-secret-of-the-test-00000000"
CALLBACK = "http://127.0.0.1:9/callback"
APP = "2000000002-aaaaaaaa"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
REQUEST = {
    "response_type": "code",
    "client_id": CHANNEL,
    "redirect_uri": CALLBACK,
    "state": "the state",
    "scope": "openid profile",
    "nonce": "the nonce",
}
FROM_LIFF = {
    "response_type": "code",
    "client_id": CHANNEL,
    "liff_id": APP,
    "redirect_uri": "http://127.0.0.1:9/app/page?x=1",
    "state": "s",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def ask(line, **request):
    return line.get(f"/oauth2/v2.1/authorize?{urlencode(request)}")


def answer(line, page, **choices):
    """Submit the form of a consent screen as a browser would."""
    html = page.body.decode()
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', html)
    ticked = re.findall(r'<input type="checkbox" name="([^"]*)" value="1" checked>', html)
    fields = {name: unescape(value) for name, value in hidden} | dict.fromkeys(ticked, "1")
    fields = {name: value for name, value in (fields | choices).items() if value is not None}
    return line.post_form("/oauth2/v2.1/authorize", **{"answer": "allow", **fields})


def brought_back(response):
    """The query with which the browser is sent back."""
    assert response.status in (302, 303), response.body.decode()
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def code_for(line, user_id, **changes):
    page = ask(line, **REQUEST, **{"resident": user_id, **changes})
    if page.status == 200:
        page = answer(line, page)
    return brought_back(page)["code"]


def redeem(line, good, **changes):
    fields = {
        "grant_type": "authorization_code",
        "code": good,
        "redirect_uri": CALLBACK,
        "client_id": CHANNEL,
        "client_secret": SECRET,
    }
    return line.post_form("/oauth2/v2.1/token", **{**fields, **changes})


def test_r64_from_the_choice_of_a_resident_to_the_tokens(line):
    user_id = line.resident("花子")
    line.resident("太郎")
    chooser = ask(line, **REQUEST)
    html = chooser.body.decode()
    assert "どなたですか" in html
    assert "花子" in html
    assert "太郎" in html
    assert "frame-ancestors 'none'" in chooser.headers["content-security-policy"]
    assert "太郎" not in ask(line, **REQUEST, q="花").body.decode()
    link = re.search(rf'<a href="\?([^"]*{user_id})"', html)[1]
    consent = line.get(f"/oauth2/v2.1/authorize?{unescape(link)}")
    assert "花子さんとして進みます" in consent.body.decode()
    back = answer(line, consent)
    assert back.headers["location"].startswith(f"{CALLBACK}?")
    query = brought_back(back)
    assert query["state"] == "the state"
    tokens = redeem(line, query["code"])
    assert tokens.status == 200, tokens
    assert (tokens.json["expires_in"], tokens.json["token_type"]) == (2592000, "Bearer")
    # R54: web login's tokens are signed with the channel's secret
    claims = jwt.decode(tokens.json["id_token"], SECRET, algorithms=["HS256"], audience=CHANNEL)
    assert (claims["sub"], claims["name"], claims["nonce"]) == (user_id, "花子", "the nonce")
    form = {"id_token": tokens.json["id_token"], "client_id": CHANNEL, "nonce": "the nonce"}
    assert line.post_form("/oauth2/v2.1/verify", **form).json == claims
    bearer = {"Authorization": f"Bearer {tokens.json['access_token']}"}
    assert line.get("/v2/profile", **bearer).json["userId"] == user_id


def test_a_consent_is_asked_once(line):
    user_id = line.resident()
    assert ask(line, **REQUEST, resident=user_id).status == 200
    code_for(line, user_id)
    assert ask(line, **REQUEST, resident=user_id).status == 302
    assert ask(line, **REQUEST, resident=user_id, prompt="consent").status == 200
    other = line.resident("太郎")
    assert ask(line, **REQUEST, resident=other).status == 200


def test_r64_who_does_not_allow_goes_back_without_a_code(line):
    user_id = line.resident()
    query = brought_back(answer(line, ask(line, **REQUEST, resident=user_id), answer="deny"))
    assert (query["error"], query["state"]) == ("access_denied", "the state")
    assert "code" not in query
    assert ask(line, **REQUEST, resident=user_id).status == 200


def test_r64_a_code_works_once(line):
    code = code_for(line, line.resident())
    assert redeem(line, code).status == 200
    assert redeem(line, code).json["error"] == "invalid_grant"


def test_r64_a_code_lives_10_minutes(line):
    user_id = line.resident()
    code = code_for(line, user_id)
    line.settings(clock=601)
    assert redeem(line, code).json["error"] == "invalid_grant"
    line.settings(clock=0)
    code = code_for(line, user_id)
    line.settings(clock=590)
    assert redeem(line, code).status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "no"}, "invalid_client"),
        ({"client_id": "2000000003"}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "2"}, "invalid_grant"),
        ({"code": "no"}, "invalid_grant"),
    ],
)
def test_a_code_is_for_one_client_and_one_address(line, changes, error):
    answer = redeem(line, code_for(line, line.resident()), **changes)
    assert (answer.status, answer.json["error"]) == (400, error)


def test_r64_pkce(line):
    user_id = line.resident()
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert redeem(line, code_for(line, user_id, **pkce)).json["error"] == "invalid_grant"
    wrong = redeem(line, code_for(line, user_id, **pkce), code_verifier="w" * 43)
    assert wrong.json["error"] == "invalid_grant"
    assert redeem(line, code_for(line, user_id, **pkce), code_verifier=VERIFIER).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "1"},
        {"redirect_uri": "http://127.0.0.1:9/callback2"},
        {"redirect_uri": "http://127.0.0.1:9/callback/below"},
        {"redirect_uri": "https://example.com/"},
        {"redirect_uri": ""},
        {"state": ""},
        {"response_type": "token"},
        {"scope": "email"},
        {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
        {"code_challenge": "short", "code_challenge_method": "S256"},
    ],
    ids=str,
)
def test_r64_a_wrong_request_gets_a_page_and_goes_nowhere(line, changes):
    page = ask(line, **{**REQUEST, **changes})
    assert page.status == 400
    assert "location" not in page.headers
    assert "このページは開けません" in page.body.decode()


def test_r64_a_callback_may_have_a_query_of_its_own(line):
    user_id = line.resident()
    back = answer(
        line, ask(line, **{**REQUEST, "redirect_uri": f"{CALLBACK}?a=1"}, resident=user_id)
    )
    assert brought_back(back)["a"] == "1"


def test_r64_refresh_90_days(line):
    tokens = redeem(line, code_for(line, line.resident())).json
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": CHANNEL,
        "client_secret": SECRET,
    }
    line.settings(clock=31 * 86400)
    assert line.get("/v2/profile", Authorization=f"Bearer {tokens['access_token']}").status == 401
    fresh = line.post_form("/oauth2/v2.1/token", **form).json
    assert line.get("/v2/profile", Authorization=f"Bearer {fresh['access_token']}").status == 200
    assert line.post_form("/oauth2/v2.1/token", **form | {"client_secret": "x"}).status == 400
    line.settings(clock=91 * 86400)
    assert line.post_form("/oauth2/v2.1/token", **form).json["error"] == "invalid_grant"


def test_r65_deauthorize_takes_the_consent_back(line):
    user_id = line.resident()
    tokens = line.post(f"/sim/residents/{user_id}/id-token", {"liffId": APP}).json
    credentials = {
        "grant_type": "client_credentials",
        "client_id": CHANNEL,
        "client_secret": SECRET,
    }
    channel = line.post_form("/oauth2/v3/token", **credentials).json["access_token"]
    body = {"userAccessToken": tokens["accessToken"]}
    assert line.post("/user/v1/deauthorize", body, Authorization="Bearer no").status == 401
    done = line.post("/user/v1/deauthorize", body, Authorization=f"Bearer {channel}")
    assert done.status == 204
    assert line.get("/v2/profile", Authorization=f"Bearer {tokens['accessToken']}").status == 401
    assert ask(line, **FROM_LIFF, resident=user_id).status == 200


def test_revoke_ends_a_token(line):
    tokens = redeem(line, code_for(line, line.resident())).json
    form = {"access_token": tokens["access_token"], "client_id": CHANNEL, "client_secret": SECRET}
    assert line.post_form("/oauth2/v2.1/revoke", **form).status == 200
    assert line.get("/v2/profile", Authorization=f"Bearer {tokens['access_token']}").status == 401


def test_r60_liff_login_returns_below_the_endpoint_only(line):
    user_id = line.resident("花子")
    page = ask(line, **FROM_LIFF, resident=user_id)
    assert "トークへメッセージを送る" in page.body.decode()
    code = brought_back(answer(line, page))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": CHANNEL,
        "redirect_uri": FROM_LIFF["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    tokens = line.post_form("/oauth2/v2.1/token", **form).json
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "ES256"
    assert tokens["expires_in"] == 43200
    assert "refresh_token" not in tokens
    for path in (":9/", ":9/apple", ":8/app", ":9/app/../x", ":9/app/%2e%2e/x"):
        elsewhere = f"http://127.0.0.1{path}"
        assert ask(line, **{**FROM_LIFF, "redirect_uri": elsewhere}).status == 400, elsewhere
    without = {key: value for key, value in FROM_LIFF.items() if "challenge" not in key}
    assert ask(line, **without).status == 400


def test_the_friend_box_of_bot_prompt(line, bot):
    user_id = line.resident(follow=False)
    page = ask(line, **REQUEST, bot_prompt="aggressive", resident=user_id)
    query = brought_back(answer(line, page))
    assert query["friendship_status_changed"] == "true"
    assert [event["type"] for event in bot.events] == ["follow"]
    other = line.resident("太郎", follow=False)
    page = ask(line, **REQUEST, bot_prompt="normal", resident=other)
    query = brought_back(answer(line, page))
    assert query["friendship_status_changed"] == "false"
    assert len(bot.events) == 1


def test_parameters_come_back_escaped(line):
    user_id = line.resident("<b>花子</b>")
    page = ask(line, **{**REQUEST, "state": '"><script>'}, resident=user_id)
    assert "<script>" not in page.body.decode()
    assert "<b>" not in page.body.decode()
    location = answer(line, page).headers["location"]
    assert parse_qs(urlsplit(location).query)["state"] == ['"><script>']
