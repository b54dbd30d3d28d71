"""5,000 friends from before us, and workers that are killed while they read the list (R49)."""

import pytest

from madoguchi.testing import until

FRIENDS = 5_000
READING = "SELECT pages, listed, added, restarts, ended FROM follower_import ORDER BY id"
RUNS = "SELECT outcome, attempts FROM job_run WHERE job = 'core/followers' ORDER BY tick"


@pytest.mark.parametrize("server", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_r49_every_friend_is_there_once_though_workers_die_in_between(deploy, request, server):
    city = deploy(request.getfixturevalue("database_url") if server == "postgresql" else None)
    friends = city.crowd(FRIENDS)
    city.start_worker()
    until(lambda: city.query(RUNS))
    city.faults({"endpoint": "followers", "share": 1, "delayMs": 150})
    city.clock.move(3600)
    pages = 0
    for _ in range(2):
        until(lambda seen=pages: city.query(READING) and city.query(READING)[0][0] > seen + 1)
        city.kill("worker")
        [(pages, listed, added, restarts, ended)] = city.query(READING)
        assert (restarts, ended) == (0, None)
        assert 0 < listed == added == count(city) < FRIENDS
        city.start_worker()
    until(lambda: city.query(READING)[0][4])
    assert city.query(READING)[0][:4] == (10, FRIENDS, FRIENDS, 0)
    found = city.query("SELECT line_id FROM resident WHERE follows")
    assert sorted(line_id for (line_id,) in found) == sorted(friends)
    until(lambda: city.query(RUNS)[-1] == ("done", 3))
    assert city.complaints() == []


def count(city):
    return city.query("SELECT count(*) FROM resident")[0][0]
