"""What madoguchi is compared with: `python -m bench.peers bare|usual|blank PORT`.

*bare* checks the signature with Starlette and stores nothing: the least that any bot does. *usual*
is a bot as line-bot-sdk's own examples build one: parse, answer, then 200. *blank* is a page of so
many bytes that nobody has to make.
"""

import base64
import hashlib
import hmac
import os
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

SECRET, TOKEN, LINE = "PEER_SECRET", "PEER_TOKEN", "PEER_LINE"
"""Environment variables that a peer reads."""
ANSWERS = {"図書館": "中央図書館 9:30-19:00\n駅前分館 10:00-20:00"}


def bare() -> Starlette:
    """Checks the signature, nothing else."""
    key = os.environ[SECRET].encode()

    async def webhook(request: Request) -> Response:
        body = await request.body()
        digest = base64.b64encode(hmac.digest(key, body, hashlib.sha256)).decode()
        if not hmac.compare_digest(digest, request.headers.get("x-line-signature", "")):
            return PlainTextResponse("bad signature", 401)
        return PlainTextResponse("OK")

    return Starlette(routes=[Route("/webhook", webhook, methods=["POST"]), _live()])


def usual() -> Starlette:
    """Parses with WebhookParser and awaits AsyncMessagingApi's reply before it answers 200."""
    from linebot.v3.exceptions import InvalidSignatureError
    from linebot.v3.messaging import (
        AsyncApiClient,
        AsyncMessagingApi,
        Configuration,
        ReplyMessageRequest,
        TextMessage,
    )
    from linebot.v3.webhook import WebhookParser
    from linebot.v3.webhooks import MessageEvent, TextMessageContent

    parser = WebhookParser(os.environ[SECRET])
    configuration = Configuration(host=os.environ[LINE], access_token=os.environ[TOKEN])
    apis: list[AsyncMessagingApi] = []

    async def webhook(request: Request) -> Response:
        body = (await request.body()).decode()
        try:
            events = parser.parse(body, request.headers.get("x-line-signature", ""))
        except InvalidSignatureError:
            return PlainTextResponse("bad signature", 401)
        if not apis:
            apis.append(AsyncMessagingApi(AsyncApiClient(configuration)))
        for event in events:
            if isinstance(event, MessageEvent) and isinstance(event.message, TextMessageContent):
                answer = ANSWERS.get(event.message.text, "お答えできませんでした。")
                await apis[0].reply_message(
                    ReplyMessageRequest(
                        replyToken=event.reply_token, messages=[TextMessage(text=answer)]
                    )
                )
        return PlainTextResponse("OK")

    return Starlette(routes=[Route("/webhook", webhook, methods=["POST"]), _live()])


def blank() -> Starlette:
    """Serves a page that is ready, of `BLANK_BYTES` bytes."""
    html = "x" * int(os.environ["BLANK_BYTES"])

    async def page(request: Request) -> Response:
        return HTMLResponse(html)

    return Starlette(routes=[Route("/page", page), _live()])


def _live() -> Route:
    async def live(request: Request) -> Response:
        return PlainTextResponse("ok")

    return Route("/health/live", live)


def main() -> None:
    """Serve one of them until told to stop."""
    app = {"bare": bare, "usual": usual, "blank": blank}[sys.argv[1]]()
    uvicorn.run(
        app,
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
