"""Many residents, duplicated and mixed webhooks: each effect once, each resident in order.

R7 (duplicates arrive at the same moment), R9 (residents are mixed), R20 (a token works once).
"""

import pytest

FULL = pytest.param(200, 50, marks=pytest.mark.slow)


@pytest.mark.parametrize(("residents", "each"), [(200, 10), FULL])
def test_each_effect_once_on_sqlite_r7_r9(deploy, residents, each, record_figures):
    city = deploy()
    city.start_worker()
    city.configure(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(residents), each)
    talk.wait_for_answers()
    record_figures(talk.check())


@pytest.mark.parametrize(("residents", "each"), [FULL])
def test_each_effect_once_with_two_workers_on_postgresql(
    deploy, database_url, residents, each, record_figures
):
    city = deploy(database_url)
    city.start_worker("worker-1")
    city.start_worker("worker-2")
    city.configure(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(residents), each)
    talk.wait_for_answers()
    record_figures(talk.check())
