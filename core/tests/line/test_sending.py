"""Replies and deliveries on their way through the one session."""

import asyncio
import json
import logging

import aiohttp
import pytest
from aiohttp import web

from madoguchi import line as line_module
from madoguchi.clock import Clock
from madoguchi.line import (
    ContentMissing,
    Credentials,
    LineClient,
    Outcome,
    Platform,
    messages_of,
    retry_key,
)

USER = "U" + "0123456789abcdef" * 2
REPLY = "/v2/bot/message/reply"
PUSH = "/v2/bot/message/push"
MULTICAST = "/v2/bot/message/multicast"
BROADCAST = "/v2/bot/message/broadcast"
FIXED = Credentials(access_token="fixed-token")
RETRIED = "11111111-1111-1111-1111-111111111111"
RATE = "The API rate limit has been exceeded. Try again later."
KEY_TAKEN = "The retry key is already accepted"


def test_r24_the_retry_key_is_sent_where_it_belongs_and_nowhere_else(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            key = retry_key("delivery", 1)
            await client.push(b"{}", key)
            await client.multicast(b"{}", key)
            await client.broadcast(b"{}", key)
            await client.reply(b"{}")
            await client.start_loading(USER, 5)
            await client.mark_as_read("t")
            keys = {path: headers.get("x-line-retry-key") for path, headers, _ in line.seen}
            assert keys == {
                PUSH: key,
                MULTICAST: key,
                BROADCAST: key,
                REPLY: None,
                "/v2/bot/chat/loading/start": None,
                "/v2/bot/chat/markAsRead": None,
            }

    asyncio.run(scenario())


def test_the_bytes_arrive_unchanged_and_with_the_token(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            body = '{"to": "x",  "messages":[{"type":"text","text":"燃やすごみ 🍎"}]}'.encode()
            line.answers[PUSH] = [(200, {"sentMessages": [{"id": "7", "quoteToken": "q"}]})]
            answer = await client.push(body, RETRIED)
            assert answer.outcome is Outcome.ACCEPTED
            assert answer.request_id == "request-200"
            assert answer.sent_messages == ({"id": "7", "quoteToken": "q"},)
            [(headers, arrived)] = line.calls(PUSH)
            assert arrived == body
            assert headers["authorization"] == "Bearer fixed-token"
            assert headers["content-type"] == "application/json"

    asyncio.run(scenario())


def test_r25_a_conflict_is_the_acceptance_of_an_earlier_try(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            taken = {"message": KEY_TAKEN, "sentMessages": [{"id": "7"}]}
            conflict = (409, taken, {"X-Line-Accepted-Request-Id": "first"})
            line.answers[PUSH] = [(500, {}), conflict]
            first = await client.push(b"{}", RETRIED)
            second = await client.push(b"{}", RETRIED)
            assert first.outcome is Outcome.RETRY
            assert (second.outcome, second.accepted_request_id) == (Outcome.ACCEPTED, "first")
            assert second.sent_messages == ({"id": "7"},)

    asyncio.run(scenario())


async def never(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


def test_r25_no_answer_means_retry(running_line, monkeypatch):
    monkeypatch.setattr(line_module, "PUSH", aiohttp.ClientTimeout(total=0.2))

    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[PUSH] = [None, never]
            dropped = await client.push(b"{}", RETRIED)
            late = await client.push(b"{}", RETRIED)
            assert (dropped.outcome, dropped.status) == (Outcome.RETRY, None)
            assert "isconnected" in dropped.message or "reset" in dropped.message
            assert (late.outcome, late.status) == (Outcome.RETRY, None)
        async with LineClient(Platform.at("http://127.0.0.1:1"), FIXED, Clock()) as client:
            assert (await client.reply(b"{}")).outcome is Outcome.RETRY

    asyncio.run(scenario())


def test_an_acceptance_whose_body_got_lost_is_an_acceptance(running_line, breaking_off):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[REPLY] = [breaking_off]
            assert (await client.reply(b"{}")).outcome is Outcome.ACCEPTED

    asyncio.run(scenario())


def test_a_redirect_is_not_followed(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[PUSH] = [(307, {}, {"Location": "/elsewhere"})]
            assert (await client.push(b"{}", RETRIED)).outcome is Outcome.REFUSED
            assert line.calls("/elsewhere") == []

    asyncio.run(scenario())


def test_many_calls_are_in_flight_at_once(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            everybody = asyncio.Barrier(200)

            async def meet(request: web.Request) -> tuple[int, dict]:
                await everybody.wait()
                return (200, {})

            line.answers[REPLY] = [meet] * 200
            answers = await asyncio.gather(*(client.reply(b"{}") for _ in range(200)))
            assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}

    asyncio.run(scenario())


def test_r17_every_call_is_noted_without_personal_data(running_line, caplog):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[PUSH] = [(429, {"message": RATE}), None]
            line.answers[f"/v2/bot/profile/{USER}"] = [(404, {"message": "Not found"})]
            body = json.dumps({"to": USER, "messages": messages_of("粗大ごみ")}).encode()
            await client.push(body, RETRIED)
            await client.push(body, RETRIED)
            await client.start_loading(USER, 5)
            assert await client.profile(USER) is None
            line.answers["/v2/bot/message/123/content"] = [(404, {})]
            with pytest.raises(ContentMissing):
                async with client.content("123"):
                    pass

    with caplog.at_level(logging.INFO, logger="madoguchi"):
        asyncio.run(scenario())
    lines = [record.getMessage().split(" ", 1) for record in caplog.records]
    assert [rest for _, rest in lines] == [
        f"POST {PUSH} 429 x-line-request-id=request-429",
        f"POST {PUSH} no answer x-line-request-id=None",
        "POST /v2/bot/chat/loading/start 200 x-line-request-id=request-200",
        "GET /v2/bot/profile/{userId} 404 x-line-request-id=request-404",
        "GET /v2/bot/message/{messageId}/content 404 x-line-request-id=request-404",
    ]
    assert all(time.endswith("+00:00") for time, _ in lines)


@pytest.mark.parametrize(
    ("asked", "sent"), [(0, 5), (5, 5), (5.1, 10), (12, 15), (60, 60), (99, 60)]
)
def test_r34_loading_seconds_are_steps_of_five(running_line, asked, sent):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers["/v2/bot/chat/loading/start"] = [(202, {})]
            assert (await client.start_loading(USER, asked)).outcome is Outcome.ACCEPTED
            [(_, body)] = line.calls("/v2/bot/chat/loading/start")
            assert json.loads(body) == {"chatId": USER, "loadingSeconds": sent}

    asyncio.run(scenario())


def test_r35_messages_are_marked_as_read_by_their_token(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            await client.mark_as_read("read-me")
            [(_, body)] = line.calls("/v2/bot/chat/markAsRead")
            assert json.loads(body) == {"markAsReadToken": "read-me"}

    asyncio.run(scenario())
