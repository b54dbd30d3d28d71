"""The token endpoints: who may issue, verify and revoke, and how they answer errors."""

from typing import Any

from .api import Endpoint
from .exchange import Call
from .simulator import Simulator


def _stateless(simulator: Simulator, call: Call) -> dict[str, Any]:
    form = call.form()
    if form.get("client_id") in simulator.logins.channels:
        return simulator.logins.issue_to_channel(form)
    return simulator.tokens.issue_stateless(form)


def _token(simulator: Simulator, call: Call) -> dict[str, Any]:
    """The address is one, the tokens are three: of a channel, of a code, of a refresh token."""
    form = call.form()
    match form.get("grant_type"):
        case "authorization_code":
            return simulator.logins.redeem_code(form)
        case "refresh_token":
            return simulator.logins.refresh(form)
    return simulator.tokens.issue_by_jwt(form)


def _short_lived(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.issue_short_lived(call.form())


def _verify_jwt(simulator: Simulator, call: Call) -> dict[str, Any]:
    token = call.query.get("access_token", "")
    login = simulator.logins.find(token)
    if login is not None:
        return simulator.logins.verify_access_token(login)
    return simulator.tokens.verify(token)


def _verify(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.verify(call.form().get("access_token", ""))


def _revoke_jwt(simulator: Simulator, call: Call) -> dict[str, Any]:
    form = call.form()
    if form.get("client_id") in simulator.logins.channels:
        simulator.logins.revoke(form)
        return {}
    return simulator.tokens.revoke_by_secret(form)


def _revoke(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.revoke(call.form())


def _key_ids(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.key_ids(call.query)


TOKENS = (
    Endpoint("accessToken", "POST", "/oauth2/v3/token", _stateless, token=False),
    Endpoint("accessToken", "POST", "/oauth2/v2.1/token", _token, token=False, shared=True),
    Endpoint("accessToken", "POST", "/v2/oauth/accessToken", _short_lived, token=False),
    Endpoint("verify", "GET", "/oauth2/v2.1/verify", _verify_jwt, token=False, shared=True),
    Endpoint("verify", "POST", "/v2/oauth/verify", _verify, token=False),
    Endpoint("revoke", "POST", "/oauth2/v2.1/revoke", _revoke_jwt, token=False),
    Endpoint("revoke", "POST", "/v2/oauth/revoke", _revoke, token=False),
    Endpoint("keyIds", "GET", "/oauth2/v2.1/tokens/kid", _key_ids, token=False),
)
