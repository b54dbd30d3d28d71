"""Three workers on one PostgreSQL, whose clocks differ: leases lost, taken over and given back.

R7 (duplicates arrive at the same moment), R9 (residents are mixed), R20 (a token works once).
"""

import random
import signal
import time

import pytest

CLOCKS = {"worker-1": -1.0, "worker-2": 0.0, "worker-3": 1.0}
"""Seconds ahead of the door: two seconds between the first and the last."""
FULL = pytest.param(200, 50, marks=pytest.mark.slow)


@pytest.fixture
def city(deploy, database_url):
    city = deploy(database_url)
    for name, ahead in CLOCKS.items():
        city.start_worker(name, ahead=ahead)
    city.configure(duplicates=0.2, shuffle="residents")
    return city


def owners(city):
    """How many lanes each living worker holds."""
    held = "SELECT count(*) FROM lane WHERE owner IS NOT NULL GROUP BY owner"
    return sorted(count for (count,) in city.query(held))


def wait_until_shared(city, shares):
    deadline = time.monotonic() + 60
    while owners(city) != shares:
        assert time.monotonic() < deadline, owners(city)
        time.sleep(0.1)


@pytest.mark.parametrize(("residents", "each"), [(60, 10), FULL])
def test_each_effect_once_and_in_order_r7_r9(city, residents, each, record_figures):
    wait_until_shared(city, [20, 22, 22])
    talk = city.talk(city.crowd(residents), each)
    talk.wait_for_answers()
    record_figures(talk.check())


@pytest.mark.parametrize(("residents", "each"), [(40, 15), FULL])
def test_leases_lost_taken_over_and_given_back_r20(city, residents, each, record_figures):
    """One is killed, one stands still until its leases are over, one leaves in order."""
    wait_until_shared(city, [20, 22, 22])
    talk = city.talk(city.crowd(residents), each, gap=30 / each)
    first, second, third = random.sample(list(CLOCKS), 3)
    city.kill(first)
    city.processes[second].send_signal(signal.SIGSTOP)
    time.sleep(8)  # a lease lasts 5 s
    city.processes[second].send_signal(signal.SIGCONT)
    city.start_worker(first, wait=False, ahead=CLOCKS[first])
    wait_until_shared(city, [20, 22, 22])
    city.stop(third)
    wait_until_shared(city, [32, 32])
    talk.wait_for_answers()
    record_figures(talk.check(may_lack_answers=True))


@pytest.mark.slow
def test_workers_killed_again_and_again(city, record_figures):
    talk = city.talk(city.crowd(200), 50, gap=1.0)
    for _ in range(10):
        time.sleep(random.uniform(0.2, 2.5))
        name = random.choice(list(CLOCKS))
        city.kill(name)
        city.start_worker(name, wait=False, ahead=CLOCKS[name])
    talk.wait_for_answers(patience=30)
    record_figures(talk.check(may_lack_answers=True))
