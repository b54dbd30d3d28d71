"""The token endpoints: who may issue, verify and revoke, and how they answer errors."""

from typing import Any

from .api import Endpoint
from .exchange import Call
from .simulator import Simulator


def _stateless(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.issue_stateless(call.form())


def _jwt(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.issue_by_jwt(call.form())


def _short_lived(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.issue_short_lived(call.form())


def _verify_jwt(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.verify(call.query.get("access_token", ""))


def _verify(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.verify(call.form().get("access_token", ""))


def _revoke_jwt(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.revoke_by_secret(call.form())


def _revoke(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.revoke(call.form())


def _key_ids(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.tokens.key_ids(call.query)


TOKENS = (
    Endpoint("accessToken", "POST", "/oauth2/v3/token", _stateless, token=False),
    Endpoint("accessToken", "POST", "/oauth2/v2.1/token", _jwt, token=False),
    Endpoint("accessToken", "POST", "/v2/oauth/accessToken", _short_lived, token=False),
    Endpoint("verify", "GET", "/oauth2/v2.1/verify", _verify_jwt, token=False),
    Endpoint("verify", "POST", "/v2/oauth/verify", _verify, token=False),
    Endpoint("revoke", "POST", "/oauth2/v2.1/revoke", _revoke_jwt, token=False),
    Endpoint("revoke", "POST", "/v2/oauth/revoke", _revoke, token=False),
    Endpoint("keyIds", "GET", "/oauth2/v2.1/tokens/kid", _key_ids, token=False),
)
