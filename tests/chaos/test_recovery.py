"""Processes killed with SIGKILL, Redis emptied and stopped, LINE failing: nothing lost or twice.

After a crash a reply whose token may have been tried is repeated with that token only, never
pushed (R20, R25): such an answer may be missing, an effect never.
"""

import random
import signal
import time

import pytest

FULL = pytest.param(200, 50, marks=pytest.mark.slow)
CRASHES = 10


def kill_at_random_moments(city, workers, rounds=CRASHES):
    """`kill -9` of a worker, started again at once, killed again whether it is ready or not."""
    dice = random.Random()
    for _ in range(rounds):
        time.sleep(dice.uniform(0.2, 2.5))
        name = dice.choice(workers)
        city.kill(name)
        city.start_worker(name, wait=False)


@pytest.mark.parametrize(("residents", "each"), [(60, 20), FULL])
def test_kill_9_of_the_worker_on_sqlite(deploy, residents, each, record_figures):
    city = deploy()
    city.start_worker()
    city.configure(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(residents), each, gap=1.0)
    small_talk = city.talk(city.crowd(10), 20, "say ", gap=1.0)  # answered from memory
    kill_at_random_moments(city, ["worker"])
    small_talk.wait_for_answers(patience=15)
    talk.wait_for_answers(patience=15)
    record_figures(talk.check(may_lack_answers=True))
    said = city.said()
    for user, asked in small_talk.acknowledged.items():
        heard = [text.partition(" ")[2] for text in said[user]]
        assert [text for text in heard if text in asked] == asked


@pytest.mark.parametrize(("residents", "each"), [FULL])
def test_kill_9_of_two_workers_on_postgresql(deploy, database_url, residents, each, record_figures):
    city = deploy(database_url)
    workers = ["worker-1", "worker-2"]
    for name in workers:
        city.start_worker(name)
    city.configure(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(residents), each, gap=1.0)
    kill_at_random_moments(city, workers)
    talk.wait_for_answers(patience=20)
    record_figures(talk.check(may_lack_answers=True))


def empty_then_stop_redis(city, talk, seconds):
    time.sleep(0.5)
    city.empty_redis()
    time.sleep(0.5)
    city.stop_redis()
    time.sleep(seconds)
    city.start_redis()
    talk.wait_for_answers()


OUTAGE = [(40, 15, 4), pytest.param(200, 50, 20, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("residents", "each", "seconds"), OUTAGE)
def test_redis_emptied_then_stopped_for_a_while(deploy, residents, each, seconds, record_figures):
    city = deploy()
    city.start_worker()
    city.configure(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(residents), each, gap=(seconds + 2) / each)
    empty_then_stop_redis(city, talk, seconds)
    record_figures(talk.check())


@pytest.mark.slow
def test_redis_emptied_then_stopped_under_two_workers(deploy, database_url, record_figures):
    city = deploy(database_url)
    for name in ("worker-1", "worker-2"):
        city.start_worker(name)
    city.configure(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(200), 50, gap=22 / 50)
    empty_then_stop_redis(city, talk, 20)
    record_figures(talk.check())


@pytest.mark.slow
def test_what_arrives_while_the_worker_is_down_is_answered_by_push_r20(deploy, record_figures):
    """Also without Redis at first, and with a LINE that fails: pushes wait, none is doubled."""
    city = deploy()
    crowd = city.crowd(30)
    city.start_worker()
    before = city.talk(crowd, 10, "b")
    time.sleep(0.6)
    city.kill("worker")
    before.finish()
    time.sleep(5.2)  # the dead worker's lease is over: what comes now it cannot have tried
    during = city.talk(crowd, 5, "c").finish()
    city.clock.move(61)
    city.stop_redis()
    city.faults(*failing("push"))
    city.start_worker()
    time.sleep(2)
    city.start_redis()
    during.wait_for_answers()
    assert city.ways("c") == {"push"}
    record_figures(during.check(before, may_overtake=True))


def test_after_a_stop_nothing_is_in_doubt_r20(gateway, resident, line, clock):
    """What arrives right after an orderly stop was tried by nobody, so it may be pushed."""
    gateway.stop_worker()
    sent = gateway.wait(line.send_message(resident.user_id, {"type": "text", "text": "何時"}))
    clock.move(61)
    gateway.start_worker()
    gateway.wait(gateway.running.feed.wait_for(sent["webhookEventId"]))
    assert [entry["via"] for entry in resident.chat() if entry["from"] == "bot"][1:] == ["push"]


def test_a_restart_answers_nothing_again_r7(gateway, resident, clock):
    """What was answered from memory, the greeting here, is not news to the next worker."""
    gateway.stop_worker()
    clock.move(61)
    gateway.start_worker()
    for _ in range(2):  # before the second one is answered, everything older was looked at
        resident.says("何時")
    said = [entry["via"] for entry in resident.chat() if entry["from"] == "bot"]
    assert said == ["reply", "reply", "reply"]


def test_a_failing_line_and_kill_9_of_the_door_under_load(deploy, record_figures):
    city = deploy()
    city.start_worker()
    city.configure(duplicates=0.2, shuffle="residents")
    city.faults(*failing("reply"))
    talk = city.talk(city.crowd(40), 15, gap=0.7)
    for _ in range(5):
        time.sleep(random.uniform(0.3, 1.5))
        city.kill("door")
        city.start_door()
    talk.wait_for_answers()
    record_figures(talk.check())


@pytest.mark.slow
def test_a_worker_that_stood_still_does_nothing_twice(deploy, database_url, record_figures):
    """Its leases ran out; the other worker has its residents when it wakes up."""
    city = deploy(database_url)
    city.start_worker("worker-1")
    city.start_worker("worker-2")
    talk = city.talk(city.crowd(40), 15, gap=0.7)
    time.sleep(1)
    city.processes["worker-1"].send_signal(signal.SIGSTOP)
    time.sleep(8)
    city.processes["worker-1"].send_signal(signal.SIGCONT)
    talk.wait_for_answers()
    record_figures(talk.check())


@pytest.mark.slow
def test_broken_database_connections_under_load(deploy, database_url, record_figures):
    city = deploy(database_url)
    city.start_worker("worker-1")
    city.start_worker("worker-2")
    talk = city.talk(city.crowd(40), 15, gap=0.5)
    for _ in range(5):
        time.sleep(random.uniform(0.5, 1.5))
        city.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    talk.wait_for_answers()
    record_figures(talk.check())


def failing(endpoint):
    """A fifth of the calls fails, before or after LINE took the message (R25, R26)."""
    return [
        {"endpoint": endpoint, "share": 0.04, "status": 500},
        {"endpoint": endpoint, "share": 0.04, "status": 500, "afterAccept": True},
        {"endpoint": endpoint, "share": 0.04, "drop": True},
        {"endpoint": endpoint, "share": 0.04, "drop": True, "afterAccept": True},
        {"endpoint": endpoint, "share": 0.04, "status": 429},
    ]
