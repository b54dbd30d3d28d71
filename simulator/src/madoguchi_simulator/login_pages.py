"""What residents see of LINE Login: who they are, what they allow; and where LIFF URLs lead."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from .api import Endpoint
from .consents import in_order
from .errors import Refusal
from .exchange import Answer, Call
from .login import LiffApp
from .logins import Code
from .residents import Resident
from .simulator import Simulator

_SDK = Path(__file__).parent / "static" / "liff.js"
_SHOWN = 30
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_pages = Environment(
    loader=PackageLoader("madoguchi_simulator"), autoescape=True, undefined=StrictUndefined
)
# No `form-action`: it would stop the redirect that follows a consent.
_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'"

Handler = Callable[[Simulator, Call], Any]


def _for_people(handler: Handler) -> Handler:
    """Refusals become a page, because a person looks at it."""

    @wraps(handler)
    async def answer(simulator: Simulator, call: Call) -> Answer:
        try:
            return await handler(simulator, call)
        except Refusal as refusal:
            return _page("refused", refusal.status, message=refusal.message)

    return answer


def _page(name: str, status: int = 200, *, framed: bool = False, **values: Any) -> Answer:
    html = _pages.get_template(f"{name}.html").render(values)
    ancestors = "frame-ancestors 'self'" if framed else "frame-ancestors 'none'"
    headers = [
        (b"content-security-policy", f"{_POLICY}; {ancestors}".encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    return Answer(status, html.encode(), "text/html; charset=utf-8", headers)


def _redirect(url: str, status: int = 302) -> Answer:
    return Answer(status, b"", "text/html", [(b"location", url.encode("ascii", "replace"))])


# LIFF URLs.


@_for_people
async def _liff_url(simulator: Simulator, call: Call) -> Answer:
    """``https://liff.line.me/{liffId}/path?query`` in a browser that is not LINE's (R57, R58)."""
    liff_id, _ = call.parts
    raw = call.scope.get("raw_path", call.scope["path"].encode()).decode("latin-1")
    query = call.scope["query_string"].decode("latin-1")
    rest = raw[1 + len(liff_id) :] + (f"?{query}" if query else "")
    return _redirect(simulator.logins.app(liff_id).primary_url(rest))


async def _sdk(simulator: Simulator, call: Call) -> Answer:
    headers = [(b"cache-control", b"no-cache"), (b"x-content-type-options", b"nosniff")]
    return Answer(200, _SDK.read_bytes(), "text/javascript; charset=utf-8", headers)


# The consent screen of a LIFF app that a phone opens.


@_for_people
async def _ask_in_view(simulator: Simulator, call: Call) -> Answer:
    """``view``: which; ``all=1``: also what was not asked at first (R63)."""
    view, everything = call.query.get("view", ""), bool(call.query.get("all"))
    user_id, liff_id, _ = simulator.liff.find(view)
    app, resident = simulator.logins.app(liff_id), simulator.residents.get(user_id)
    granted = simulator.logins.consents.granted(user_id, liff_id)
    scopes = in_order(set(app.scopes if everything else app.first_scopes) - granted)
    hidden = {"view": view, **({"all": "1"} if everything else {})}
    return _consent(simulator, resident, liff_id, scopes, _prompt(app), hidden, framed=True)


@_for_people
async def _answer_in_view(simulator: Simulator, call: Call) -> Answer:
    form = call.form()
    user_id, liff_id, address = simulator.liff.find(form.get("view", ""))
    app = simulator.logins.app(liff_id)
    allowed = form.get("answer") == "allow"
    if allowed:
        asked = app.scopes if form.get("all") else app.first_scopes
        await _remember(simulator, user_id, liff_id, asked, call)
        if not form.get("all"):
            return _redirect(address, 303)
    return _page("answered", framed=True, outcome="allowed" if allowed else "denied")


# Web login, and liff.login() in an external browser.


@dataclass(frozen=True)
class _Request:
    """An authorization request that may be answered: the client is known, the way back, too."""

    client: str
    channel_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    nonce: str | None
    challenge: str | None
    prompt: str
    bot_prompt: str

    def back(self, **values: str) -> Answer:
        mark = "&" if "?" in self.redirect_uri else "?"
        query = urlencode({**values, "state": self.state})
        return _redirect(f"{self.redirect_uri}{mark}{query}")


def _read_request(simulator: Simulator, given: dict[str, str]) -> _Request:
    """Refuses what LINE shows an error page for, since nobody may be sent to an unknown address."""
    logins = simulator.logins
    channel = logins.channel(given.get("client_id", ""))
    liff_id, url = given.get("liff_id"), given.get("redirect_uri", "")
    challenge = given.get("code_challenge")
    if liff_id is not None:
        app = logins.app(liff_id)
        if app.channel_id != channel.id or not app.covers(url):
            raise Refusal(400, f"redirect_uri {url!r} does not begin with the endpoint URL")
        scopes, bot_prompt = app.first_scopes, _prompt(app)
        if challenge is None:
            raise Refusal(400, "a LIFF app needs code_challenge")
    else:
        if not channel.may_return_to(url):
            raise Refusal(400, f"redirect_uri {url!r} is no callback URL of this channel")
        scopes, bot_prompt = in_order(given.get("scope", "").split()), given.get("bot_prompt", "")
    if "#" in url:
        raise Refusal(400, "redirect_uri must not have a fragment")
    if given.get("response_type") != "code":
        raise Refusal(400, "response_type must be code")
    if not given.get("state"):
        raise Refusal(400, "state is required")
    if not {"openid", "profile"} & set(scopes):
        raise Refusal(400, "scope must hold openid or profile")
    fits = challenge is None or _CHALLENGE.fullmatch(challenge)
    if not fits or (challenge and given.get("code_challenge_method") != "S256"):
        raise Refusal(400, "code_challenge needs code_challenge_method=S256")
    return _Request(
        liff_id or channel.id,
        channel.id,
        url,
        scopes,
        given["state"],
        given.get("nonce"),
        challenge,
        given.get("prompt", ""),
        bot_prompt,
    )


@_for_people
async def _authorize(simulator: Simulator, call: Call) -> Answer:
    """Asks who it is, then what may be read; goes on at once if both are known (R64)."""
    given = dict(call.query)
    user_id, words = given.pop("resident", ""), given.pop("q", "")
    request = _read_request(simulator, given)
    if not user_id:
        return _choose(simulator, request, given, words)
    resident = simulator.residents.get(user_id)
    scopes = simulator.logins.consents.unanswered(user_id, request.client, request.scopes)
    if request.prompt == "consent":
        scopes = request.scopes
    if not scopes:
        return _give_code(simulator, request, user_id)
    hidden = {**given, "resident": user_id}
    return _consent(simulator, resident, request.client, scopes, request.bot_prompt, hidden)


@_for_people
async def _answer_authorize(simulator: Simulator, call: Call) -> Answer:
    form = call.form()
    request, user_id = _read_request(simulator, form), form.get("resident", "")
    if form.get("answer") != "allow":
        denied = "The resource owner denied the request."
        return request.back(error="access_denied", error_description=denied)
    changed = await _remember(simulator, user_id, request.client, request.scopes, call)
    return _give_code(simulator, request, user_id, changed=changed)


def _give_code(
    simulator: Simulator, request: _Request, user_id: str, *, changed: bool = False
) -> Answer:
    code = Code(
        request.client,
        request.redirect_uri,
        user_id,
        request.scopes,
        request.nonce,
        request.challenge,
    )
    values = {"code": simulator.logins.issue_code(code)}
    if request.client != request.channel_id:
        values["liffClientId"] = request.channel_id
    elif request.bot_prompt:
        values["friendship_status_changed"] = str(changed).lower()
    return request.back(**values)


def _choose(simulator: Simulator, request: _Request, given: dict[str, str], words: str) -> Answer:
    """Everybody by name; who was here before comes first."""
    known = simulator.logins.consents.users_of(request.client)
    found = [one for one in simulator.residents.all() if words in one.display_name]
    found.sort(key=lambda one: (one.user_id not in known, -one.number))
    return _page(
        "choose",
        title=simulator.logins.title(request.client),
        residents=found[:_SHOWN],
        more=max(0, len(found) - _SHOWN),
        query=urlencode(given),
        hidden=given,
        words=words,
    )


# What both screens share.


def _consent(
    simulator: Simulator,
    resident: Resident,
    client: str,
    scopes: Iterable[str],
    bot_prompt: str,
    hidden: dict[str, str],
    *,
    framed: bool = False,
) -> Answer:
    friend = resident.user_id in simulator.residents.friends
    return _page(
        "consent",
        framed=framed,
        title=simulator.logins.title(client),
        resident=resident,
        scopes=tuple(scopes),
        account=simulator.channel.display_name,
        offers_friendship=not friend and bot_prompt in ("normal", "aggressive"),
        checked=bot_prompt == "aggressive",
        hidden=hidden,
    )


async def _remember(
    simulator: Simulator, user_id: str, client: str, asked: Iterable[str], call: Call
) -> bool:
    """Keep the consent; True if the resident became a friend with it."""
    form, granted = call.form(), set(asked)
    # Only this one may be left out; the others are what the app cannot work without.
    if "writes" in form and not form.get("write"):
        granted.discard("chat_message.write")
    simulator.logins.consents.answer(user_id, client, granted, set(asked) - granted)
    if not form.get("friend") or user_id in simulator.residents.friends:
        return False
    await simulator.follow(user_id)
    return True


def _prompt(app: LiffApp) -> str:
    return "" if app.bot_prompt == "none" else app.bot_prompt


PAGES = (
    Endpoint("authorize", "GET", "/oauth2/v2.1/authorize", _authorize, token=False),
    Endpoint("authorize", "POST", "/oauth2/v2.1/authorize", _answer_authorize, token=False),
    Endpoint("consent", "GET", "/dialog/liff", _ask_in_view, token=False),
    Endpoint("consent", "POST", "/dialog/liff", _answer_in_view, token=False),
    Endpoint("sdk", "GET", "/liff/edge/versions/{version}/sdk.js", _sdk, token=False),
    Endpoint("liff", "*", r"/(\d+-[A-Za-z0-9]{8,8})((?:/.*)?)", _liff_url, token=False),
)
