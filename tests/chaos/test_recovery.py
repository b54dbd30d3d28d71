"""Processes killed with SIGKILL, Redis emptied and stopped, LINE failing: nothing lost or twice.

After a crash a reply whose token may have been tried is repeated with that token only, never
pushed (R20, R25): such an answer may be missing, an effect never.
"""

import random
import time

import pytest

FULL = pytest.param(200, 50, marks=pytest.mark.slow)
CRASHES = 10


def kill_at_random_moments(city, talk, workers, rounds=CRASHES):
    """`kill -9` of a worker, started again at once, killed again whether it is ready or not."""
    dice = random.Random()
    for _ in range(rounds):
        time.sleep(dice.uniform(0.3, 3.0))
        name = dice.choice(workers)
        city.kill(name)
        city.start_worker(name, wait=False)


@pytest.mark.parametrize(("residents", "each"), [(60, 20), FULL])
def test_kill_9_of_the_worker_on_sqlite(deploy, residents, each, record_figures):
    city = deploy()
    city.start_worker()
    city.set(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(residents), each, gap=1.0)
    kill_at_random_moments(city, talk, ["worker"])
    talk.wait_for_answers(patience=15)
    record_figures(talk.check(may_lack_answers=True))


@pytest.mark.parametrize(("residents", "each"), [(60, 20), FULL])
def test_kill_9_of_two_workers_on_postgresql(deploy, database_url, residents, each, record_figures):
    city = deploy(database_url)
    workers = ["worker-1", "worker-2"]
    for name in workers:
        city.start_worker(name)
    city.set(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(residents), each, gap=1.0)
    kill_at_random_moments(city, talk, workers)
    talk.wait_for_answers(patience=20)
    record_figures(talk.check(may_lack_answers=True))
