"""Toy plugins, one for each way to misbehave (`toys/`): contained as the design says (§6).

What a `try` can catch is shown in one process; what it cannot, with the real supervisor. (One that
loops on the event loop harms its own city only: `test_two_gateways.py`.)
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from madoguchi.testing import TestResident

APOLOGY = "申しわけありません。うまくいきませんでした。"
NO_ANSWER = "お答えできませんでした。"
PHONE = "0100-00-0000"


@pytest.fixture
def town_of(make_town, install_plugin, toy_source):
    """A town with these toys on, and the plugin `works` behind them."""

    def start(*toys, **tables):
        for name in (*toys, "works"):
            install_plugin(name, toy_source(name))
        return make_town(plugins={name: tables.get(name, {}) for name in (*toys, "works")})

    return start


def health(town):
    return {name: plugin.trouble for name, plugin in town.running.services.plugins.all.items()}


@pytest.mark.parametrize("toy", ["raises", "exits"])
def test_who_raises_costs_one_apology_and_nobody_elses_offer(town_of, toy):
    town = town_of(toy)
    resident = TestResident(town)
    (answer,) = resident.says(toy)
    assert answer.startswith(APOLOGY)
    assert PHONE in answer
    assert resident.says("works") == ["はい。"], "its offer raised, the next one is asked"
    assert health(town) == {toy: None, "works": None}


def test_who_hangs_costs_one_apology_and_nobody_elses_time(town_of):
    toys = ("hangs", "hangs_in_thread")
    town = town_of(*toys)
    hanging = {toy: TestResident(town, toy) for toy in toys}
    other = TestResident(town, "ほか")
    with ThreadPoolExecutor() as pool:
        waiting = {toy: pool.submit(resident.says, toy) for toy, resident in hanging.items()}
        meanwhile = 0
        while not all(answer.done() for answer in waiting.values()):
            assert other.says("works") == ["はい。"]
            meanwhile += 1
            time.sleep(0.2)
    assert meanwhile > 10, "the others were answered meanwhile"
    for toy in toys:
        (answer,) = waiting[toy].result()
        assert answer.startswith(APOLOGY)
        assert PHONE in answer
        plugin = town.running.services.plugins.all[toy]
        assert plugin.last_error.endswith("took longer than 10 s")
    town.running.services.plugins.all["hangs_in_thread"].close()
    _end_thread("hangs_in_thread")


def _end_thread(toy):
    """Let the thread go that waits in a toy."""
    import sys

    sys.modules[f"{toy}_under_test"].ended.set()


@pytest.mark.parametrize(
    ("toy", "table", "said"),
    [
        ("bad_config", {"days": "five"}, "[plugins.bad_config] days: write a whole number"),
        ("unknown_hook", {}, "unknown hook `offer_for_mesage`: did you mean `offer_for_message`?"),
        ("unknown_argument", {}, "no argument `mesage`: did you mean `message`?"),
        ("migration_fails", {}, "migration 0001 failed: RuntimeError: half-way"),
    ],
)
def test_what_is_wrong_at_the_start_is_quarantined_with_its_reason(town_of, toy, table, said):
    town = town_of(toy, **{toy: table})
    assert said in health(town)[toy]
    assert TestResident(town).says("works") == ["はい。"]


def test_two_packages_of_one_name_close_the_gateway(town_of, install_plugin, tmp_path):
    from madoguchi.errors import ConfigError
    from madoguchi.testing import install

    install(tmp_path / "site-packages", "works", {"__init__.py": ""}, package="another_package")
    with pytest.raises(ConfigError, match="another_package and works_under_test both have this"):
        town_of()


# With the supervisor.


class Chatter(threading.Thread):
    """Residents who go on asking while something goes wrong; what the door said each time."""

    def __init__(self, served):
        super().__init__()
        self._served = served
        self._residents = [served.add_resident("mihon", f"住民{n}") for n in range(4)]
        self.asked = dict.fromkeys(self._residents, 0)
        self.statuses = []
        self._enough = threading.Event()

    def run(self):
        while not self._enough.wait(0.5):
            for resident in self._residents:
                self.statuses.append(self._served.say("mihon", resident, "works"))
                self.asked[resident] += 1

    def stop(self):
        self._enough.set()
        self.join()

    def is_answered(self):
        answers = {who: self._served.answers("mihon", who) for who in self._residents}
        return {who: ["はい。"] * count for who, count in self.asked.items()} == answers


@pytest.mark.parametrize(
    "toys",
    [
        {
            "loops_in_offer": "the event loop was silent for more than 5 s",
            "blocks": "the event loop was silent for more than 5 s",
        },
        {
            "loops_in_thread": "used more than 5 s of CPU time in one call",
            "loops_in_unit": "a database writer was silent for more than 5 s",
            "eats_memory": "of memory, over its limit",
        },
    ],
    ids=["on the loop", "in threads"],
)
def test_what_no_try_can_stop_is_left_out_and_nothing_is_lost(serve, toy_source, toys, monkeypatch):
    monkeypatch.setenv("MADOGUCHI_WORKER_MEMORY", str(400 * 2**20))
    names = [*toys, "works"]
    tables = "\n".join(f"[plugins.{name}]" for name in names)
    with serve({"mihon": tables}, {name: toy_source(name) for name in names}) as served:
        assert served.health()["mihon"]["plugins"] == dict.fromkeys(names, "well")
        chatter = Chatter(served)
        chatter.start()
        try:
            for toy, reason in toys.items():
                victim = served.add_resident("mihon", toy)
                assert served.say("mihon", victim, toy) == 200
                served.until(
                    lambda toy=toy, reason=reason: reason in served.health_of("mihon", toy),
                    f"{toy} is left out",
                    patience=120,
                )
                (answer,) = served.until(
                    lambda who=victim: served.answers("mihon", who), "the victim's answer"
                )
                assert answer.startswith((NO_ANSWER, APOLOGY))
                assert PHONE in answer
        finally:
            chatter.stop()
        assert set(chatter.statuses) == {200}, "the door never stopped"
        served.until(chatter.is_answered, "every word of the others is answered once")
        assert served.health_of("mihon", "works") == "well"
