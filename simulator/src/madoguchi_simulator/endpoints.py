"""The table of LINE's endpoints: which there are, and what each does."""

import re
from datetime import UTC, datetime
from typing import Any

from .api import Endpoint
from .book import JST
from .clock import iso
from .contents import Content
from .errors import Refusal, field_errors, invalid_property
from .exchange import Answer, Call
from .paging import read_start, to_next
from .simulator import Simulator

_SERVICE_START = datetime(2018, 3, 31, tzinfo=JST)


def _reply(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.sending.reply(call.json(), call.body, call.request_id)


def _push(simulator: Simulator, call: Call) -> dict[str, Any]:
    payload, key = call.json(), _retry_key(simulator, call)
    quota = simulator.settings.quota
    return simulator.sending.push(payload, call.body, call.request_id, key, quota)


def _multicast(simulator: Simulator, call: Call) -> dict[str, Any]:
    payload, key = call.json(), _retry_key(simulator, call)
    settings = simulator.settings
    return simulator.sending.multicast(payload, call.body, call.request_id, key, settings)


def _broadcast(simulator: Simulator, call: Call) -> dict[str, Any]:
    payload, key = call.json(), _retry_key(simulator, call)
    quota = simulator.settings.quota
    return simulator.sending.broadcast(payload, call.body, call.request_id, key, quota)


def _retry_key(simulator: Simulator, call: Call) -> str | None:
    key = call.headers.get("x-line-retry-key")
    if key is not None:
        key = key.lower()
        simulator.sending.refuse_repeated(key)
    return key


def _validate(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.sending.check(call.json())


def _quota(simulator: Simulator, call: Call) -> dict[str, Any]:
    quota = simulator.settings.quota
    return {"type": "none"} if quota is None else {"type": "limited", "value": quota}


def _consumption(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"totalUsage": simulator.book.usage()}


def _delivered(simulator: Simulator, call: Call) -> dict[str, Any]:
    date = call.query.get("date", "")
    try:
        if not re.fullmatch(r"\d{8}", date):
            raise ValueError(date)
        day = datetime.strptime(date, "%Y%m%d").replace(tzinfo=JST)
    except ValueError:
        raise Refusal(400, "The value for the 'date' parameter is invalid") from None
    today = datetime.fromtimestamp(simulator.clock.time(), UTC).astimezone(JST)
    if day < _SERVICE_START:
        return {"status": "out_of_service"}
    if day.date() >= today.date():
        return {"status": "unready"}
    endpoint = call.scope["path"].rpartition("/")[2]
    return {"status": "ready", "success": simulator.book.sent_on(endpoint, day)}


def _profile(simulator: Simulator, call: Call) -> dict[str, Any]:
    user_id = call.parts[0]
    resident = simulator.residents.find(user_id)
    friend = user_id in simulator.residents.friends
    if resident is None or not (
        friend or (resident.state == 0 and simulator.chats.wrote_lately(user_id))
    ):
        raise Refusal(404, "Not found")
    language = {"language": resident.language} if resident.language else {}
    return {"displayName": resident.display_name, "userId": user_id, **language}


def _followers(simulator: Simulator, call: Call) -> dict[str, Any]:
    if not simulator.settings.verified:
        raise Refusal(403, "Access to this API is not available for your account")
    limit = call.query.get("limit", "300")
    if not limit.isdecimal() or not 1 <= int(limit) <= 1000:
        raise Refusal(400, "The value for the 'limit' parameter is invalid")
    now = simulator.clock.time()
    after = read_start(call.query["start"], now) if "start" in call.query else 0
    user_ids, last = simulator.residents.page_of_friends(after, int(limit))
    if last is None:
        return {"userIds": user_ids}
    return {"userIds": user_ids, "next": to_next(last, now)}


def _info(simulator: Simulator, call: Call) -> dict[str, Any]:
    channel = simulator.channel
    return {
        "userId": channel.bot_user_id,
        "basicId": channel.basic_id,
        "displayName": channel.display_name,
        "chatMode": simulator.settings.chat_mode,
        "markAsReadMode": "manual" if simulator.settings.chat_mode == "chat" else "auto",
    }


def _content(simulator: Simulator, call: Call) -> Answer:
    return _binary(_unless_text(simulator, call, simulator.contents.get))


def _preview(simulator: Simulator, call: Call) -> Answer:
    return _binary(_unless_text(simulator, call, simulator.contents.preview))


def _transcoding(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"status": _unless_text(simulator, call, simulator.contents.transcoding)}


def _unless_text(simulator: Simulator, call: Call, find: Any) -> Any:
    """404 for a message nobody sent, 400 for one that has no content."""
    message_id = call.parts[0]
    try:
        return find(message_id)
    except Refusal as refusal:
        if refusal.status == 404 and simulator.chats.message_of(message_id):
            raise Refusal(400, "The message has no content") from None
        raise


def _binary(content: Content | None) -> Answer:
    if content is None:
        return Answer(202)
    return Answer(200, content.data, content.media_type)


def _start_loading(simulator: Simulator, call: Call) -> dict[str, Any]:
    payload = call.json()
    user_id, seconds = payload.get("chatId"), payload.get("loadingSeconds", 20)
    if not user_id:
        raise field_errors([("chatId", "May not be empty")])
    if not isinstance(seconds, int) or seconds % 5 or not 5 <= seconds <= 60:
        raise field_errors([("loadingSeconds", "must be a multiple of 5 between 5 and 60")])
    if not isinstance(user_id, str) or user_id not in simulator.residents.known:
        raise invalid_property("'chatId'")
    simulator.chats.show_loading(user_id, seconds)
    return {}


def _mark_as_read(simulator: Simulator, call: Call) -> dict[str, Any]:
    token = call.json().get("markAsReadToken")
    if not token:
        raise field_errors([("markAsReadToken", "May not be empty")])
    if not simulator.mark_read(str(token)):
        raise invalid_property("'markAsReadToken'")
    return {}


def _get_endpoint(simulator: Simulator, call: Call) -> dict[str, Any]:
    channel = simulator.channel
    if not channel.webhook_url:
        raise Refusal(404, "Not found")
    return {"endpoint": channel.webhook_url, "active": channel.webhook_active}


def _set_endpoint(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.set_webhook_url(_read_url(call.json().get("endpoint")))
    return {}


async def _test_endpoint(simulator: Simulator, call: Call) -> dict[str, Any]:
    payload = call.json() if call.body else {}
    url = _read_url(payload.get("endpoint") or simulator.channel.webhook_url)
    body = simulator.webhooks.body([])
    delivery = await simulator.webhooks.post(body, simulator.webhooks.sign(body), url=url)
    return {
        "success": delivery.reason is None,
        "timestamp": iso(simulator.clock.time()),
        "statusCode": delivery.status,
        "reason": (delivery.reason or "ok").upper(),
        "detail": delivery.detail or str(delivery.status),
    }


def _read_url(url: Any) -> str:
    # http is allowed, unlike on the real platform (R15): a bot under development has no TLS.
    if not isinstance(url, str) or not re.match(r"https?://[^\s/]+", url) or len(url) > 500:
        raise Refusal(400, "Invalid webhook endpoint URL")
    return url


def _missing(simulator: Simulator, call: Call) -> None:
    raise Refusal(501, "The simulator does not offer this yet")


_BOT = "/v2/bot"
_LATER = (
    "/v2/bot/message/(?:narrowcast|progress/narrowcast|markAsRead)",
    "/v2/bot/audienceGroup.*",
    "/v2/bot/user/[^/]+/linkToken",
    "/v2/bot/(?:group|room)/.*",
    "/v2/bot/(?:coupon|membership).*",
    "/(?:v2/)?bot/.*pnp.*",
    "/liff/v1/apps.*",
    "/dialog/bot/accountLink",
)

MESSAGING = (
    Endpoint("reply", "POST", f"{_BOT}/message/reply", _reply),
    Endpoint("push", "POST", f"{_BOT}/message/push", _push, retry_key=True),
    Endpoint("multicast", "POST", f"{_BOT}/message/multicast", _multicast, retry_key=True),
    Endpoint("broadcast", "POST", f"{_BOT}/message/broadcast", _broadcast, retry_key=True),
    *(
        Endpoint("validate", "POST", f"{_BOT}/message/validate/{kind}", _validate)
        for kind in ("reply", "push", "multicast", "narrowcast", "broadcast")
    ),
    Endpoint("quota", "GET", f"{_BOT}/message/quota", _quota),
    Endpoint("consumption", "GET", f"{_BOT}/message/quota/consumption", _consumption),
    *(
        Endpoint("delivery", "GET", f"{_BOT}/message/delivery/{kind}", _delivered)
        for kind in ("reply", "push", "multicast", "broadcast")
    ),
    Endpoint("profile", "GET", f"{_BOT}/profile/{{userId}}", _profile),
    Endpoint("followers", "GET", f"{_BOT}/followers/ids", _followers),
    Endpoint("info", "GET", f"{_BOT}/info", _info),
    Endpoint("content", "GET", f"{_BOT}/message/{{messageId}}/content", _content),
    Endpoint("preview", "GET", f"{_BOT}/message/{{messageId}}/content/preview", _preview),
    Endpoint(
        "transcoding", "GET", f"{_BOT}/message/{{messageId}}/content/transcoding", _transcoding
    ),
    Endpoint("loading", "POST", f"{_BOT}/chat/loading/start", _start_loading, status=202),
    Endpoint("markAsRead", "POST", f"{_BOT}/chat/markAsRead", _mark_as_read),
    Endpoint("webhook/endpoint", "GET", f"{_BOT}/channel/webhook/endpoint", _get_endpoint),
    Endpoint("webhook/endpoint", "PUT", f"{_BOT}/channel/webhook/endpoint", _set_endpoint),
    Endpoint("webhook/test", "POST", f"{_BOT}/channel/webhook/test", _test_endpoint),
)

# What a later version plays; until then it says so instead of pretending (501).
LATER = tuple(Endpoint("later", "*", path, _missing, token=False) for path in _LATER)
