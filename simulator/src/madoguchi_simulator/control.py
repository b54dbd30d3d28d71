"""The control API under ``/sim``: what tests and the phone page do, as JSON over HTTP."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from madoguchi_messages import render, render_quick_replies

from .errors import Refusal
from .identifiers import is_whole
from .login import LiffApp
from .rich_menu_taps import count_tap, show_rich_menu, tap_rich_menu
from .rich_menus import MANAGER
from .simulator import Simulator

_LONGEST_WAIT = 60.0
_HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}


def routes(simulator: Simulator) -> list[BaseRoute]:
    """The routes of the control API of one simulator."""

    def route(path: str, method: str, handler: Callable[..., Awaitable[Any]]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                value = await handler(simulator, request)
            except Refusal as refusal:
                return _json(refusal.body(), refusal.status)
            return value if isinstance(value, Response) else _json(value)

        return Route(path, endpoint, methods=[method])

    one = "/sim/residents/{user_id}"
    return [
        route("/sim/residents", "POST", _add_resident),
        route("/sim/residents", "GET", _residents),
        route(f"{one}/messages", "POST", _send_message),
        route(f"{one}/postback", "POST", _tap),
        route(f"{one}/follow", "POST", _follow),
        route(f"{one}/unfollow", "POST", _unfollow),
        route(f"{one}/unsend", "POST", _unsend),
        route(f"{one}/chat", "GET", _chat),
        route(f"{one}/richmenu", "GET", _rich_menu),
        route(f"{one}/richmenu", "POST", _tap_rich_menu),
        route(f"{one}/richmenu/taps", "POST", _count_tap),
        route("/sim/richmenu", "PUT", _set_managers_menu),
        route("/sim/richmenus/{menu_id}/image", "GET", _rich_menu_image),
        route(f"{one}/id-token", "POST", _id_token),
        route(f"{one}/liff", "POST", _open_liff),
        route("/sim/liff/{view}/session", "POST", _liff_session),
        route("/sim/liff/{view}/close", "POST", _close_liff),
        route("/sim/liff", "PUT", _set_apps),
        route("/sim/liff", "GET", _apps),
        route("/sim/keys", "POST", _new_key),
        route("/sim/contents/{message_id}", "GET", _content),
        route("/sim/webhooks", "POST", _send_webhook),
        route("/sim/webhooks", "GET", _webhooks),
        route("/sim/calls", "GET", _calls),
        route("/sim/book", "GET", _book),
        route("/sim/faults", "PUT", _set_faults),
        route("/sim/faults", "GET", _faults),
        route("/sim/settings", "PUT", _set_settings),
        route("/sim/settings", "GET", _settings),
        route("/sim/reset", "POST", _reset),
    ]


async def _add_resident(simulator: Simulator, request: Request) -> dict[str, Any]:
    body = await _body(request)
    user_id = await simulator.add_resident(
        _text(body, "displayName") or "住民",
        language=_text(body, "language"),
        follow=body.get("follow", True),
        user_id=_text(body, "userId") or "",
    )
    return {"userId": user_id}


async def _residents(simulator: Simulator, request: Request) -> dict[str, Any]:
    return {"residents": [resident.to_json() for resident in simulator.residents.all()]}


async def _send_message(simulator: Simulator, request: Request) -> dict[str, Any]:
    user_id = request.path_params["user_id"]
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await simulator.send_message(user_id, await _body(request))
    async with request.form() as form:
        files = [
            (part.filename or "file", part.content_type or "", await part.read())
            for part in form.getlist("file")
            if isinstance(part, UploadFile)
        ]
    if not files:
        raise Refusal(400, 'a multipart message needs a part named "file" with a file')
    sent = await simulator.send_files(user_id, files)
    return {**sent[0], "messages": sent}


async def _tap(simulator: Simulator, request: Request) -> dict[str, Any]:
    body = await _body(request)
    if not isinstance(body.get("data"), str):
        raise Refusal(400, 'a postback needs "data", a text')
    if not isinstance(body.get("params") or {}, dict):
        raise Refusal(400, '"params" is an object')
    return await simulator.tap(
        request.path_params["user_id"], body["data"], body.get("params"), _text(body, "displayText")
    )


async def _follow(simulator: Simulator, request: Request) -> dict[str, Any]:
    return await simulator.follow(request.path_params["user_id"])


async def _unfollow(simulator: Simulator, request: Request) -> dict[str, Any]:
    return await simulator.unfollow(request.path_params["user_id"])


async def _unsend(simulator: Simulator, request: Request) -> dict[str, Any]:
    message_id = str((await _body(request)).get("messageId", ""))
    return await simulator.unsend(request.path_params["user_id"], message_id)


async def _chat(simulator: Simulator, request: Request) -> dict[str, Any]:
    user_id = request.path_params["user_id"]
    simulator.residents.get(user_id)
    after = int(_number(request, "after"))
    wait = min(_number(request, "wait"), _LONGEST_WAIT)
    drawn = bool(request.query_params.get("html"))
    if wait:
        news = _news_besides_messages(simulator, user_id, request) if drawn else None
        entries = await simulator.chats.wait(user_id, after, wait, or_when=news)
    else:
        entries = simulator.chats.entries(user_id, after)
    if drawn:
        for entry in entries:
            entry["html"] = render(_visible(entry))
            entry["quickReply"] = render_quick_replies(entry["message"])
    return {
        "entries": entries,
        "loading": simulator.chats.is_loading(user_id),
        "richMenuId": simulator.menu_links.seen_by(user_id)[0],
    }


def _news_besides_messages(
    simulator: Simulator, user_id: str, request: Request
) -> Callable[[], bool]:
    """Whether the dots began to move, or the menu is another than the phone shows."""
    still = not simulator.chats.is_loading(user_id)
    shown = request.query_params.get("menu")

    def there_is_news() -> bool:
        if still and simulator.chats.is_loading(user_id):
            return True
        return shown is not None and shown != (simulator.menu_links.seen_by(user_id)[0] or "")

    return there_is_news


def _visible(entry: dict[str, Any]) -> dict[str, Any]:
    """The message with the address at which a browser finds what a resident sent."""
    message = entry["message"]
    provider = message.get("contentProvider", {})
    if provider != {"type": "line"}:
        return {**message, **{key: provider[key] for key in provider if key != "type"}}
    address = f"/sim/contents/{entry['messageId']}"
    return {**message, "originalContentUrl": address, "previewImageUrl": address}


async def _rich_menu(simulator: Simulator, request: Request) -> dict[str, Any]:
    return show_rich_menu(simulator, request.path_params["user_id"])


async def _tap_rich_menu(simulator: Simulator, request: Request) -> dict[str, Any]:
    body, user_id = await _body(request), request.path_params["user_id"]
    return await tap_rich_menu(simulator, user_id, body.get("area"), body.get("params"))


async def _count_tap(simulator: Simulator, request: Request) -> dict[str, Any]:
    body, user_id = await _body(request), request.path_params["user_id"]
    return {"action": count_tap(simulator, user_id, body.get("area"))}


async def _set_managers_menu(simulator: Simulator, request: Request) -> dict[str, Any]:
    """The menu that was there before the bot; ``image`` is base64."""
    body = await _body(request)
    image = _bytes(body, "image") if body.get("image") else None
    simulator.menus.set_managers(body.get("richMenu"), image)
    return {"richMenuId": simulator.menus.default_of(MANAGER)}


async def _rich_menu_image(simulator: Simulator, request: Request) -> Response:
    image = simulator.menus.image(request.path_params["menu_id"])
    if image is None:
        raise Refusal(404, "there is no such picture")
    return Response(image[1], media_type=image[0], headers=_HARMLESS)


async def _id_token(simulator: Simulator, request: Request) -> dict[str, Any]:
    liff_id = str((await _body(request)).get("liffId", ""))
    return simulator.log_in(request.path_params["user_id"], liff_id)


async def _open_liff(simulator: Simulator, request: Request) -> dict[str, Any]:
    body, user_id = await _body(request), request.path_params["user_id"]
    simulator.residents.get(user_id)
    from_chat = bool(body.get("chat", True))
    return simulator.liff.open(user_id, str(body.get("url", "")), from_chat=from_chat)


async def _liff_session(simulator: Simulator, request: Request) -> dict[str, Any]:
    return simulator.liff.session(request.path_params["view"])


async def _close_liff(simulator: Simulator, request: Request) -> dict[str, Any]:
    simulator.liff.close(request.path_params["view"])
    return {}


async def _set_apps(simulator: Simulator, request: Request) -> dict[str, Any]:
    apps = (await _body(request)).get("apps")
    if not isinstance(apps, list):
        raise Refusal(400, '"apps" is a list of LIFF apps')
    simulator.logins.set_apps(map(LiffApp.from_json, apps))
    return await _apps(simulator, request)


async def _apps(simulator: Simulator, request: Request) -> dict[str, Any]:
    return {"apps": [app.to_json() for app in simulator.logins.apps.values()]}


async def _new_key(simulator: Simulator, request: Request) -> dict[str, Any]:
    return {"kid": simulator.logins.signing.rotate()}


async def _content(simulator: Simulator, request: Request) -> Response:
    content = simulator.contents.get(request.path_params["message_id"])
    if content is None:
        return Response(status_code=202)
    return Response(content.data, media_type=content.media_type, headers=_HARMLESS)


async def _send_webhook(simulator: Simulator, request: Request) -> dict[str, Any]:
    """``events`` are signed and sent as they are; ``body`` or ``bodyBase64`` are sent untouched."""
    body = await _body(request)
    signature = body.get("signature", True)
    if "body" in body or "bodyBase64" in body:
        raw = (
            str(body["body"]).encode("utf-8", "surrogatepass")
            if "body" in body
            else _bytes(body, "bodyBase64")
        )
        delivery = await simulator.send_raw_body(raw, signature)
    elif isinstance(body.get("events"), list):
        delivery = await simulator.send_raw_events(body["events"], signature)
    else:
        raise Refusal(400, 'a raw webhook needs "events", a list, or "body", a text')
    reason = {"reason": delivery.reason} if delivery.reason else {}
    return {"status": delivery.status, **reason}


async def _webhooks(simulator: Simulator, request: Request) -> dict[str, Any]:
    count = int(_number(request, "limit", 50))
    return {
        "errors": dict(simulator.webhooks.errors),
        "webhooks": simulator.webhooks.recent(count),
    }


async def _calls(simulator: Simulator, request: Request) -> dict[str, Any]:
    return {"calls": simulator.calls.recent(int(_number(request, "limit", 50)))}


async def _book(simulator: Simulator, request: Request) -> Response:
    after = int(_number(request, "after"))
    if request.query_params.get("summary"):
        return await run_in_threadpool(lambda: _json({"summary": simulator.book.summary(after)}))
    return await run_in_threadpool(lambda: _json({"sends": list(simulator.book.sends(after))}))


async def _set_faults(simulator: Simulator, request: Request) -> dict[str, Any]:
    rules = await _json_body(request)
    if isinstance(rules, dict):
        rules = rules.get("faults")
    if not isinstance(rules, list):
        raise Refusal(400, "faults are a list of rules")
    simulator.set_faults(rules)
    return {"faults": rules}


async def _faults(simulator: Simulator, request: Request) -> dict[str, Any]:
    return {"faults": [rule.to_json() for rule in simulator.faults.rules]}


async def _set_settings(simulator: Simulator, request: Request) -> dict[str, Any]:
    return simulator.change_settings(await _body(request))


async def _settings(simulator: Simulator, request: Request) -> dict[str, Any]:
    return simulator.current_settings()


async def _reset(simulator: Simulator, request: Request) -> dict[str, Any]:
    simulator.reset()
    return {}


async def _json_body(request: Request) -> Any:
    raw = await request.body()
    try:
        return json.loads(raw) if raw else {}
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from None


async def _body(request: Request) -> dict[str, Any]:
    body = await _json_body(request)
    if not isinstance(body, dict):
        raise Refusal(400, "the body must be a JSON object")
    return body


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not (isinstance(value, str) and is_whole(value)):
        raise Refusal(400, f'"{name}" is a text without lone surrogates')
    return value


def _bytes(body: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(body[name])
    except (TypeError, ValueError):
        raise Refusal(400, f'"{name}" is a text in base64') from None


def _number(request: Request, name: str, default: float = 0.0) -> float:
    text = request.query_params.get(name)
    try:
        value = default if text is None else float(text)
        if not 0 <= value < 2**53:
            raise ValueError
    except ValueError:
        raise Refusal(400, f"{name} is a number from 0 on, not {text!r}") from None
    return value


def _json(value: Any, status: int = 200) -> Response:
    # ASCII, because a resident may send a lone surrogate, which has no other encoding.
    text = json.dumps(value, separators=(",", ":"))
    return Response(text, status, media_type="application/json")
