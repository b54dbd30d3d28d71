"""The gateway's LINE client against the simulator: both follow the same rules."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn

from madoguchi.clock import Clock
from madoguchi.line import (
    ContentGone,
    Credentials,
    LineClient,
    Outcome,
    Platform,
    messages_of,
    retry_key,
)
from madoguchi_simulator.channel import Channel
from madoguchi_simulator.simulator import Simulator

NOBODY = "U" + "f" * 32


class Platforms:
    """A simulator with its control API, and a client of it."""

    def __init__(self, control: aiohttp.ClientSession, client: LineClient) -> None:
        self.control = control
        self.client = client

    async def sim(self, method: str, path: str, document: Any = None, **options: Any) -> Any:
        async with self.control.request(method, path, json=document, **options) as response:
            assert response.ok, await response.text()
            return await response.json()

    async def resident(self, name: str = "花子") -> str:
        return (await self.sim("POST", "/sim/residents", {"displayName": name}))["userId"]

    async def chat(self, user_id: str) -> list[str]:
        answer = await self.sim("GET", f"/sim/residents/{user_id}/chat")
        return [e["message"]["text"] for e in answer["entries"] if e["from"] == "bot"]


@asynccontextmanager
async def platforms(stateless: bool = False) -> AsyncIterator[Platforms]:
    channel = Channel()
    simulator = Simulator(channel)
    config = uvicorn.Config(simulator.app, port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    credentials = Credentials(access_token=channel.access_token)
    if stateless:
        credentials = Credentials(channel_id=channel.id, channel_secret=channel.secret)
    try:
        async with (
            aiohttp.ClientSession(url) as control,
            LineClient(Platform.at(url), credentials, Clock()) as client,
        ):
            yield Platforms(control, client)
    finally:
        server.should_exit = True
        await serving
        simulator.close()


def run(scenario: Callable[[Platforms], Awaitable[None]], *, stateless: bool = False) -> None:
    async def main() -> None:
        async with platforms(stateless) as line:
            await scenario(line)

    asyncio.run(main())


def body(to: str | list[str], text: str = "明日は燃やすごみの日です") -> bytes:
    return json.dumps({"to": to, "messages": messages_of(text)}).encode()


def test_r25_a_push_that_was_repeated_arrives_once():
    async def scenario(line: Platforms) -> None:
        user, key = await line.resident(), retry_key("delivery", 1, 0)
        first = await line.client.push(body(user), key)
        second = await line.client.push(body(user), key)
        assert (first.outcome, second.outcome) == (Outcome.ACCEPTED, Outcome.ACCEPTED)
        assert second.status == 409
        assert second.accepted_request_id == first.request_id
        assert second.sent_messages == first.sent_messages != ()
        assert await line.chat(user) == ["明日は燃やすごみの日です"]

    run(scenario)


def test_r25_an_error_after_acceptance_is_found_out_by_the_same_key():
    async def scenario(line: Platforms) -> None:
        user, key = await line.resident(), retry_key("delivery", 2, 0)
        fault = {
            "endpoint": "multicast",
            "share": 1,
            "status": 500,
            "afterAccept": True,
            "times": 1,
        }
        await line.sim("PUT", "/sim/faults", [fault])
        assert (await line.client.multicast(body([user]), key)).outcome is Outcome.RETRY
        assert (await line.client.multicast(body([user]), key)).outcome is Outcome.ACCEPTED
        assert len(await line.chat(user)) == 1

    run(scenario)


def test_r25_a_dropped_connection_is_repeated():
    async def scenario(line: Platforms) -> None:
        user, key = await line.resident(), retry_key("delivery", 3, 0)
        fault = {"endpoint": "push", "share": 1, "drop": True, "times": 1}
        await line.sim("PUT", "/sim/faults", [fault])
        assert (await line.client.push(body(user), key)).outcome is Outcome.RETRY
        assert (await line.client.push(body(user), key)).outcome is Outcome.ACCEPTED
        assert len(await line.chat(user)) == 1

    run(scenario)


def test_r29_the_rest_of_a_multicast_goes_without_the_bad_ids():
    async def scenario(line: Platforms) -> None:
        hanako, taro = await line.resident("花子"), await line.resident("太郎")
        users = [hanako, NOBODY, taro, NOBODY[:-1] + "e"]
        answer = await line.client.multicast(body(users), retry_key("delivery", 4, 0))
        while answer.outcome is Outcome.BAD_RECIPIENTS:
            users = [user for n, user in enumerate(users) if n not in answer.bad_recipients]
            key = retry_key("delivery", 4, 0, len(users))
            answer = await line.client.multicast(body(users), key)
        assert answer.outcome is Outcome.ACCEPTED
        assert users == [hanako, taro]
        assert [len(await line.chat(user)) for user in users] == [1, 1]

    run(scenario)


def test_r20_a_reply_token_that_nobody_gave_is_invalid():
    async def scenario(line: Platforms) -> None:
        reply = json.dumps({"replyToken": "0" * 32, "messages": messages_of("はい")}).encode()
        assert (await line.client.reply(reply)).outcome is Outcome.INVALID_TOKEN

    run(scenario)


def test_r26_the_two_meanings_of_429():
    async def scenario(line: Platforms) -> None:
        user = await line.resident()
        await line.sim("PUT", "/sim/settings", {"rateScale": 0.0005})
        outcomes = [
            (await line.client.push(body(user), retry_key("rate", n))).outcome for n in range(10)
        ]
        assert set(outcomes) == {Outcome.ACCEPTED, Outcome.SLOW_DOWN}
        await line.sim("PUT", "/sim/settings", {"rateScale": 0, "quota": 0})
        answer = await line.client.push(body(user), retry_key("quota"))
        assert answer.outcome is Outcome.QUOTA

    run(scenario)


def test_r47_content_is_fetched_until_it_is_taken_back():
    async def scenario(line: Platforms) -> None:
        user = await line.resident()
        form = aiohttp.FormData()
        form.add_field("file", b"\x00\x01" * 50_000, filename="a.mp4", content_type="video/mp4")
        await line.sim("PUT", "/sim/settings", {"transcodingSeconds": 0.4})
        path = f"/sim/residents/{user}"
        sent = await line.sim("POST", f"{path}/messages", data=form)
        async with line.client.content(sent["messageId"]) as content:
            assert content.type == "video/mp4"
            assert b"".join([chunk async for chunk in content]) == b"\x00\x01" * 50_000
        await line.sim("POST", f"{path}/unsend", {"messageId": sent["messageId"]})
        with pytest.raises(ContentGone):
            async with line.client.content(sent["messageId"]):
                pass

    run(scenario)


def test_r49_r52_management_calls_work_with_stateless_tokens():
    async def scenario(line: Platforms) -> None:
        user = await line.resident("Linh")
        profile = await line.client.profile(user)
        assert profile is not None
        assert profile.display_name == "Linh"
        assert await line.client.profile(NOBODY) is None
        assert (await line.client.bot_info()).basic_id == Channel.basic_id
        await line.sim("PUT", "/sim/settings", {"quota": 200})
        await line.client.push(body(user), retry_key("quota"))
        quota = await line.client.quota()
        assert (quota.limit, quota.used) == (200, 1)
        assert (await line.client.start_loading(user, 7)).status == 202

    run(scenario, stateless=True)
