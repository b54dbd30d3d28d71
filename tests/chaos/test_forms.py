"""A worker killed in the middle of forms: no answer is lost, each form is handed in once."""

import asyncio
import random
import time
from collections import defaultdict

import pytest

ANSWERS = 5


def forms_of(user, rounds):
    """What a resident writes: the word that opens the form, its answers, and that it be sent."""
    for n in range(rounds):
        yield "form", None
        answers = [f"{user[-6:]}-{n}-{q}" for q in range(ANSWERS)]
        for answer in answers:
            yield answer, None
        yield "送信する", " ".join(answers)


async def write(city, user, rounds, expected):
    """Everything in order, a moment between, repeated until the door has taken it."""
    for text, handed_in in forms_of(user, rounds):
        message = {"type": "text", "text": text}
        sent = await city.simulator.send_message(user, message)
        assert sent["status"] == 200
        if handed_in:
            expected[user].append(handed_in)
        await asyncio.sleep(random.random() * 0.6)


def kill_in_between(city, names, residents, rounds):
    expected = defaultdict(list)
    crowd = city.crowd(residents)
    city.wait_for(city.door_port)

    async def write_all():
        await asyncio.gather(*(write(city, user, rounds, expected) for user in crowd))

    writing = asyncio.run_coroutine_threadsafe(write_all(), city.thread.loop)
    dice = random.Random()
    while not writing.done():
        time.sleep(dice.uniform(0.3, 1.5))
        name = dice.choice(names)
        city.kill(name)
        city.start_worker(name, wait=False)
    writing.result(1)
    deadline = time.monotonic() + 60
    total = residents * rounds
    while sum(map(len, city.effects().values())) < total and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(1)  # what came twice would be there now, too
    assert city.effects() == expected
    assert len(city.query("SELECT id FROM submission")) == total
    assert city.query("SELECT id FROM draft") == []
    assert city.complaints() == []


FULL = pytest.param(100, 5, marks=pytest.mark.slow)


@pytest.mark.parametrize(("residents", "rounds"), [(20, 2), FULL])
def test_kill_9_in_the_middle_of_forms_on_sqlite(deploy, residents, rounds):
    city = deploy()
    city.start_worker()
    city.configure(duplicates=0.2)
    kill_in_between(city, ["worker"], residents, rounds)


@pytest.mark.parametrize(("residents", "rounds"), [FULL])
def test_kill_9_in_the_middle_of_forms_on_postgresql(deploy, database_url, residents, rounds):
    city = deploy(database_url)
    workers = ["worker-1", "worker-2"]
    for name in workers:
        city.start_worker(name)
    city.configure(duplicates=0.2)
    kill_in_between(city, workers, residents, rounds)
