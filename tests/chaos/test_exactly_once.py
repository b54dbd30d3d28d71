"""Many residents, duplicated and mixed webhooks: each effect once, each resident in order.

R7 (duplicates arrive at the same moment), R9 (residents are mixed), R20 (a token works once).
"""

import time

import pytest


def show(record_property, figures: dict, started: float) -> None:
    seconds = time.monotonic() - started
    line = ", ".join(f"{name} {count}" for name, count in figures.items())
    print(f"{line}, {seconds:.0f} s")
    record_property("figures", f"{line}, {seconds:.0f} s")


def test_each_effect_once_on_sqlite_r7_r9(deploy, record_property):
    city = deploy()
    city.start_worker()
    city.set(duplicates=0.2, shuffle="residents")
    started = time.monotonic()
    talk = city.talk(city.crowd(200), 50)
    talk.wait_for_answers()
    show(record_property, talk.check(), started)


@pytest.mark.parametrize(
    ("residents", "each"), [(60, 20), pytest.param(200, 50, marks=pytest.mark.slow)]
)
def test_each_effect_once_with_two_workers_on_postgresql(
    deploy, database_url, residents, each, record_property
):
    city = deploy(database_url)
    city.start_worker("worker-1")
    city.start_worker("worker-2")
    city.set(duplicates=0.2, shuffle="residents")
    started = time.monotonic()
    talk = city.talk(city.crowd(residents), each)
    talk.wait_for_answers()
    show(record_property, talk.check(), started)
