"""Stateless channel access tokens: issued, renewed in time, replaced when refused."""

import asyncio

import pytest
from aiohttp import web

from madoguchi.clock import Clock
from madoguchi.line import ContentUnavailable, Credentials, Outcome

USER = "U" + "0123456789abcdef" * 2
REPLY = "/v2/bot/message/reply"
TOKEN = "/oauth2/v3/token"
FIXED = Credentials(access_token="fixed-token")
STATELESS = Credentials(channel_id="1234567890", channel_secret="the-secret")
RETRIED = "11111111-1111-1111-1111-111111111111"
NO_AUTH = "Authentication failed due to the following reason: invalid token."


def test_r52_one_stateless_token_serves_everybody(running_line):
    async def scenario() -> None:
        async with running_line(STATELESS) as (line, client):
            await asyncio.gather(*(client.reply(b"{}") for _ in range(20)))
            assert set(line.bearers(REPLY)) == {"token-1"}
            [(_, body)] = line.calls(TOKEN)
            assert b"grant_type=client_credentials" in body
            assert b"client_id=1234567890" in body
            assert b"client_secret=the-secret" in body

    asyncio.run(scenario())


def test_r52_a_token_is_renewed_at_ten_minutes_and_used_meanwhile(running_line, tmp_path):
    async def scenario() -> None:
        clock = Clock(tmp_path / "clock")
        async with running_line(STATELESS, clock) as (line, client):
            await client.reply(b"{}")
            clock.move(590)
            await client.reply(b"{}")
            assert line.bearers(REPLY) == ["token-1", "token-1"]
            renewed, go_on = asyncio.Event(), asyncio.Event()

            async def slowly(request: web.Request) -> tuple[int, dict]:
                renewed.set()
                await go_on.wait()
                token = {"access_token": "token-2", "expires_in": 900, "token_type": "Bearer"}
                return 200, token

            line.answers[TOKEN] = [slowly]
            clock.move(20)
            await asyncio.gather(client.reply(b"{}"), client.reply(b"{}"))
            await renewed.wait()
            await client.reply(b"{}")
            assert set(line.bearers(REPLY)[2:]) == {"token-1"}
            go_on.set()
            while line.bearers(REPLY)[-1] != "token-2":
                await client.reply(b"{}")
            assert len(line.calls(TOKEN)) == 2

    asyncio.run(scenario())


def test_r52_an_expired_token_is_not_used(running_line, tmp_path):
    async def scenario() -> None:
        clock = Clock(tmp_path / "clock")
        async with running_line(STATELESS, clock) as (line, client):
            await client.reply(b"{}")
            clock.move(901)
            await client.reply(b"{}")
            clock.move(-3600)
            await client.reply(b"{}")
            assert line.bearers(REPLY) == ["token-1", "token-2", "token-3"]

    asyncio.run(scenario())


def test_a_failing_renewal_leaves_the_old_token_in_use(running_line, tmp_path):
    async def scenario() -> None:
        clock = Clock(tmp_path / "clock")
        async with running_line(STATELESS, clock) as (line, client):
            await client.reply(b"{}")
            line.answers[TOKEN] = [(503, {})]
            clock.move(700)
            while len(line.calls(TOKEN)) < 2:
                assert (await client.reply(b"{}")).outcome is Outcome.ACCEPTED
            assert set(line.bearers(REPLY)) == {"token-1"}
            clock.move(10)
            while line.bearers(REPLY)[-1] != "token-2":
                assert (await client.reply(b"{}")).outcome is Outcome.ACCEPTED

    asyncio.run(scenario())


def test_a_refused_stateless_token_is_replaced_once(running_line):
    async def scenario() -> None:
        async with running_line(STATELESS) as (line, client):
            line.answers[REPLY] = [(401, {"message": NO_AUTH})]
            assert (await client.reply(b"{}")).outcome is Outcome.ACCEPTED
            assert line.bearers(REPLY) == ["token-1", "token-2"]
            line.answers[REPLY] = [(401, {"message": NO_AUTH}), (401, {"message": NO_AUTH})]
            answer = await client.reply(b"{}")
            assert (answer.outcome, answer.message) == (Outcome.UNAUTHORIZED, NO_AUTH)
            assert line.bearers(REPLY)[2:] == ["token-2", "token-3"]
            line.answers["/v2/bot/info"] = [(401, {"message": NO_AUTH})]
            line.answers["/v2/bot/info"].append(
                (
                    200,
                    {
                        "userId": USER,
                        "basicId": "@mihon",
                        "displayName": "見本市",
                        "chatMode": "bot",
                        "markAsReadMode": "auto",
                    },
                )
            )
            assert (await client.bot_info()).display_name == "見本市"
            assert line.bearers("/v2/bot/info") == ["token-3", "token-4"]

    asyncio.run(scenario())


def test_a_refused_fixed_token_is_reported_at_once(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[REPLY] = [(401, {"message": NO_AUTH})]
            assert (await client.reply(b"{}")).outcome is Outcome.UNAUTHORIZED
            assert len(line.seen) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(("status", "outcome"), [(400, Outcome.UNAUTHORIZED), (503, Outcome.RETRY)])
def test_without_a_token_nothing_is_sent(running_line, status, outcome):
    async def scenario() -> None:
        async with running_line(STATELESS) as (line, client):
            line.answers[TOKEN] = [(status, {"error": "invalid_client"})] * 2
            answer = await client.push(b"{}", RETRIED)
            assert answer.outcome is outcome
            assert "invalid_client" in answer.message
            with pytest.raises(ContentUnavailable):
                async with client.content("1"):
                    pass
            assert {path for path, _, _ in line.seen} == {TOKEN}

    asyncio.run(scenario())


def test_credentials_are_complete_and_do_not_show_themselves():
    assert "secret" not in repr(STATELESS).replace("channel_secret", "")
    assert "fixed-token" not in repr(FIXED)
    with pytest.raises(ValueError, match="channel_id and channel_secret together"):
        Credentials(channel_id="1")
