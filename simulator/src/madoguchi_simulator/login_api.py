"""LINE Login's and LIFF's JSON endpoints: what servers and LIFF pages ask."""

from typing import Any

from .api import Endpoint
from .exchange import Answer, Call
from .liff import check_sendable, send_messages
from .logins import Login
from .simulator import Simulator


def _login(simulator: Simulator, call: Call, *any_of: str) -> Login:
    return simulator.logins.authenticate(call.headers.get("authorization", ""), *any_of)


def _certs(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.logins.signing.jwks()


def _discovery(simulator: Simulator, call: Call) -> dict[str, Any]:
    base = f"{call.scope['scheme']}://{call.headers.get('host', '')}"
    return {
        "issuer": "https://access.line.me",
        "authorization_endpoint": f"{base}/oauth2/v2.1/authorize",
        "token_endpoint": f"{base}/oauth2/v2.1/token",
        "revocation_endpoint": f"{base}/oauth2/v2.1/revoke",
        "userinfo_endpoint": f"{base}/oauth2/v2.1/userinfo",
        "scopes_supported": ["openid", "profile"],
        "jwks_uri": f"{base}/oauth2/v2.1/certs",
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
    }


def _verify_id_token(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.logins.verify_id_token(call.form())


def _userinfo(simulator: Simulator, call: Call) -> dict[str, Any]:
    login = _login(simulator, call, "openid")
    name = {"name": login.resident.display_name} if "profile" in login.scopes else {}
    return {"sub": simulator.logins.user_id(login), **name}


def _profile(simulator: Simulator, call: Call) -> dict[str, Any]:
    login = _login(simulator, call, "profile")
    name = login.resident.display_name
    return {"userId": simulator.logins.user_id(login), "displayName": name}


def _friendship(simulator: Simulator, call: Call) -> dict[str, Any]:
    login = _login(simulator, call, "profile")
    return {"friendFlag": login.resident.user_id in simulator.residents.friends}


def _deauthorize(simulator: Simulator, call: Call) -> Answer:
    """R65: a service whose user leaves gives back everything it was allowed."""
    logins = simulator.logins
    channel = logins.channel_of(call.headers.get("authorization", ""))
    login = logins.find(str(call.json().get("userAccessToken", "")))
    if login is not None and login.client.partition("-")[0] == channel.id:
        logins.consents.forget(login.resident.user_id, channel.id)
    return Answer(204, b"")


def _app(simulator: Simulator, call: Call) -> dict[str, Any]:
    """What the SDK needs to know of an app before anybody is logged in."""
    return {**simulator.logins.app(call.parts[0]).to_json(), "name": ""}


def _permissions(simulator: Simulator, call: Call) -> dict[str, Any]:
    """What ``liff.permission.query()`` and ``getGrantedAll()`` tell."""
    return {"granted": sorted(_login(simulator, call).scopes)}


async def _send_messages(simulator: Simulator, call: Call) -> dict[str, Any]:
    login = _login(simulator, call, "chat_message.write")
    await send_messages(simulator, login, call.json().get("messages"))
    return {}


def _check_shared(simulator: Simulator, call: Call) -> dict[str, Any]:
    """Whether LINE would take these messages for the resident's friends."""
    _login(simulator, call)
    check_sendable(call.json().get("messages"))
    return {}


LOGIN = (
    Endpoint("certs", "GET", "/oauth2/v2.1/certs", _certs, token=False, shared=True),
    Endpoint(
        "discovery",
        "GET",
        "/.well-known/openid-configuration",
        _discovery,
        token=False,
        shared=True,
    ),
    Endpoint("idToken", "POST", "/oauth2/v2.1/verify", _verify_id_token, token=False, shared=True),
    Endpoint("userinfo", "GET", "/oauth2/v2.1/userinfo", _userinfo, token=False, shared=True),
    Endpoint("userinfo", "POST", "/oauth2/v2.1/userinfo", _userinfo, token=False, shared=True),
    Endpoint("loginProfile", "GET", "/v2/profile", _profile, token=False, shared=True),
    Endpoint("friendship", "GET", "/friendship/v1/status", _friendship, token=False, shared=True),
    Endpoint("deauthorize", "POST", "/user/v1/deauthorize", _deauthorize, token=False),
    # Only the SDK calls these; it is ours, so are they.
    Endpoint("liffApp", "GET", "/liff/v2/apps/{liffId}", _app, token=False, shared=True),
    Endpoint("permissions", "GET", "/liff/v2/permissions", _permissions, token=False, shared=True),
    Endpoint("sendMessages", "POST", "/message/v3/share", _send_messages, token=False, shared=True),
    Endpoint("targets", "POST", "/message/v3/targets", _check_shared, token=False, shared=True),
)
