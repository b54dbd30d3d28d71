"""A job's worker is killed, or sleeps through it: another one does it, and nobody does it twice."""

import os
import signal

import pytest

from madoguchi.testing import until

WORKERS = ["worker-1", "worker-2"]
RUNS = "SELECT tick, outcome, attempts, owner FROM job_run WHERE job = 'tally/tick' ORDER BY tick"


@pytest.fixture
def city(deploy, database_url):
    """Two workers on PostgreSQL that know the job."""
    city = deploy(database_url)
    for name in WORKERS:
        city.start_worker(name)
    until(lambda: city.query(RUNS))
    return city


def begin(city):
    """Let the job's time come; its tick, and the worker that runs it.

    A minute of the test's own may end meanwhile, too: what had its time before is not meant.
    """
    known = {run[0] for run in city.query(RUNS)}
    fresh = []

    def has_begun():
        fresh[:] = [run for run in city.query(RUNS) if run[0] not in known and run[1] == "running"]
        return fresh

    city.clock.move(60)
    until(has_begun)
    tick, _, attempts, owner = fresh[-1]
    assert attempts == 1
    number = int(owner.split("-")[-2])
    return tick, next(name for name in WORKERS if city.processes[name].pid == number)


def done(city, tick):
    return [run[1:3] for run in city.query(RUNS) if run[0] == tick] == [("done", 2)]


def ticks(city):
    return [id for (id,) in city.query("SELECT event_id FROM tally WHERE resident_id = 0")]


def test_kill_9_in_the_middle_of_a_job(city):
    for _ in range(2):
        tick, worker = begin(city)
        city.kill(worker)
        until(lambda tick=tick: done(city, tick))
        assert ticks(city).count(f"tick {tick}") == 1
        city.start_worker(worker)
    assert city.complaints() == []


def test_a_worker_that_slept_writes_nothing_for_a_job_that_another_did(city):
    tick, worker = begin(city)
    process = city.processes[worker].pid
    os.kill(process, signal.SIGSTOP)
    until(lambda: done(city, tick))
    os.kill(process, signal.SIGCONT)
    log = city.folder / f"{worker}.log"
    until(lambda: "another worker has taken it over" in log.read_text("utf-8"))
    assert ticks(city).count(f"tick {tick}") == 1
