"""ID tokens and access tokens of LIFF, as a server checks them (R53 to R56)."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

APP, OTHER = "2000000002-aaaaaaaa", "2000000002-bbbbbbbb"
CHANNEL = "2000000002"
LINE = "https://access.line.me"


def tokens(line, user_id, app=APP):
    answer = line.post(f"/sim/residents/{user_id}/id-token", {"liffId": app})
    assert answer.status == 200, answer
    return answer.json


def verified(line, token, **fields):
    return line.post_form("/oauth2/v2.1/verify", id_token=token, client_id=CHANNEL, **fields)


def refusal(answer):
    assert answer.status == 400
    assert answer.json["error"] == "invalid_request"
    return answer.json["error_description"]


def key_of(line, token):
    """The key that the token names, as PyJWT finds it in the JWKS."""
    client = jwt.PyJWKClient(f"{line.base}/oauth2/v2.1/certs")
    return client.get_signing_key_from_jwt(token).key


def test_r54_r55_a_liff_token_is_es256_for_an_hour_without_a_nonce(line):
    user_id = line.resident("花子")
    token = tokens(line, user_id)["idToken"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "ES256"
    claims = jwt.decode(
        token, key_of(line, token), algorithms=["ES256"], audience=CHANNEL, issuer=LINE
    )
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - time.time()) < 600
    del claims["exp"], claims["iat"]
    assert claims == {
        "iss": LINE,
        "sub": user_id,
        "aud": CHANNEL,
        "amr": ["linesso"],
        "name": "花子",
    }


def test_r54_the_name_needs_the_scope(line):
    token = tokens(line, line.resident("花子"), OTHER)["idToken"]
    assert "name" not in verified(line, token).json


def test_r54_verify_answers_the_claims(line):
    user_id = line.resident("花子")
    token = tokens(line, user_id)["idToken"]
    answer = verified(line, token, user_id=user_id)
    assert answer.status == 200
    assert answer.json == jwt.decode(token, options={"verify_signature": False})


def test_r54_every_refusal_of_verify(line):
    user_id = line.resident("花子")
    token = tokens(line, user_id)["idToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    header = jwt.get_unverified_header(token)
    own = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(claims, own, "ES256", headers={"kid": header["kid"]})
    unsigned = jwt.encode(claims, None, "none")
    head, body, signature = token.split(".")
    bent = ".".join(
        (head, jwt.encode({**claims, "sub": "U" + "0" * 32}, own, "ES256").split(".")[1])
    )
    for bad in (forged, unsigned, "x", "a.b.c", f"{bent}.{signature}", f"{head}.{body}."):
        assert refusal(verified(line, bad)) == "Invalid IdToken.", bad
    assert refusal(verified(line, token, nonce="n")) == "Invalid IdToken Nonce."
    wrong = "Invalid IdToken Subject Identifier."
    assert refusal(verified(line, token, user_id="U" + "1" * 32)) == wrong
    elsewhere = {"id_token": token, "client_id": "2000000003"}
    answer = line.post_form("/oauth2/v2.1/verify", **elsewhere)
    assert refusal(answer) == "Invalid IdToken Audience."
    line.settings(clock=3599)
    assert verified(line, token).status == 200
    line.settings(clock=3601)
    assert refusal(verified(line, token)) == "IdToken expired."


def test_r54_a_token_of_another_issuer_is_refused(line, simulator):
    token = tokens(line, line.resident())["idToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    other = simulator.logins.signing.sign({**claims, "iss": "https://example.com"})
    assert refusal(verified(line, other)) == "Invalid IdToken Issuer."


def test_a_new_key_signs_and_old_tokens_stay_good(line):
    user_id = line.resident()
    old = tokens(line, user_id)["idToken"]
    key_id = line.post("/sim/keys").json["kid"]
    new = tokens(line, user_id)["idToken"]
    assert jwt.get_unverified_header(new)["kid"] == key_id
    assert len(line.get("/oauth2/v2.1/certs").json["keys"]) == 2
    for token in (old, new):
        jwt.decode(token, key_of(line, token), algorithms=["ES256"], audience=CHANNEL)


def test_r55_r56_an_access_token_lives_12_hours(line):
    user_id = line.resident("花子", language="en")
    token = tokens(line, user_id)["accessToken"]
    answer = line.get(f"/oauth2/v2.1/verify?access_token={token}").json
    assert answer["client_id"] == CHANNEL
    assert answer["scope"] == "openid profile chat_message.write"
    assert 43100 < answer["expires_in"] <= 43200
    bearer = {"Authorization": f"Bearer {token}"}
    assert line.get("/v2/profile", **bearer).json == {"userId": user_id, "displayName": "花子"}
    assert line.get("/oauth2/v2.1/userinfo", **bearer).json == {"sub": user_id, "name": "花子"}
    assert line.get("/friendship/v1/status", **bearer).json == {"friendFlag": True}
    line.post(f"/sim/residents/{user_id}/unfollow")
    assert line.get("/friendship/v1/status", **bearer).json == {"friendFlag": False}
    line.settings(clock=43201)
    assert line.get("/v2/profile", **bearer).status == 401
    assert line.get(f"/oauth2/v2.1/verify?access_token={token}").status == 400


def test_r50_the_user_id_is_the_one_of_the_messaging_api(line, bot):
    user_id = line.resident()
    token = tokens(line, user_id)["idToken"]
    assert verified(line, token).json["sub"] == bot.events[-1]["source"]["userId"]


def test_scopes_are_asked_for(line):
    token = tokens(line, line.resident(), OTHER)["accessToken"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert line.get("/oauth2/v2.1/userinfo", **bearer).status == 200
    for path in ("/v2/profile", "/friendship/v1/status"):
        assert line.get(path, **bearer).status == 403
    assert line.get("/v2/profile", Authorization="Bearer nobody").status == 401


def test_discovery_names_what_is_there(line):
    found = line.get("/.well-known/openid-configuration").json
    assert found["issuer"] == LINE
    assert found["jwks_uri"] == f"{line.base}/oauth2/v2.1/certs"


def test_faults_reach_login(line):
    line.put("/sim/faults", [{"endpoint": "certs", "status": 503}, {"endpoint": "idToken"}])
    assert line.get("/oauth2/v2.1/certs").status == 503
    assert verified(line, "x").status == 400


def test_a_liff_page_may_call_from_its_own_origin(line):
    asks = {"Origin": "http://127.0.0.1:9", "Access-Control-Request-Method": "GET"}
    answer = line.call("OPTIONS", "/v2/profile", None, asks)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" in line.get("/v2/profile").headers
    push = line.call("OPTIONS", "/v2/bot/message/push", None, asks)
    assert "access-control-allow-origin" not in push.headers


@pytest.mark.parametrize(
    "app",
    [
        {"liffId": "2000000002-short", "endpoint": "http://127.0.0.1:9"},
        {"liffId": "2000000009-aaaaaaaa", "endpoint": "http://127.0.0.1:9"},
        {"liffId": "2000000002-aaaaaaaa", "endpoint": "http://127.0.0.1:9/#a"},
        {"liffId": "2000000002-aaaaaaaa", "endpoint": "ftp://127.0.0.1"},
        {"liffId": "2000000002-aaaaaaaa", "endpoint": "http://127.0.0.1:9", "size": "huge"},
        {"liffId": "2000000002-aaaaaaaa", "endpoint": "http://127.0.0.1:9", "scopes": ["all"]},
        {"liffId": "2000000002-aaaaaaaa", "endpoint": "http://127.0.0.1:9", "colour": "red"},
    ],
)
def test_r57_a_wrong_app_is_refused(line, app):
    before = line.get("/sim/liff").json
    answer = line.put("/sim/liff", {"apps": [app]})
    assert answer.status == 400
    assert answer.message
    assert line.get("/sim/liff").json == before


def test_apps_can_be_changed_while_it_runs(line):
    app = {"liffId": "2000000003-cccccccc", "endpoint": "http://127.0.0.1:9/c", "size": "compact"}
    assert line.put("/sim/liff", {"apps": [app]}).status == 200
    (found,) = line.get("/sim/liff").json["apps"]
    assert app.items() <= found.items()
    user_id = line.resident()
    assert line.post(f"/sim/residents/{user_id}/id-token", {"liffId": APP}).status == 404
    token = tokens(line, user_id, "2000000003-cccccccc")["idToken"]
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == "2000000003"
