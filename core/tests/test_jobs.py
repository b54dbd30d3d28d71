"""Jobs: at their times, by one worker of several, and again if that worker died."""

import importlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.clock import JST
from madoguchi.schedules import WEEKDAYS, Daily, Every
from madoguchi.testing import TestResident, until

TOY = '''
"""Jobs that do what the list says."""
import asyncio
import threading
from datetime import timedelta
from madoguchi import Daily, Every, Fit, Job, Offer, hookimpl
from madoguchi.tables import meta
from sqlalchemy import insert, select

ran, hold = [], threading.Event()

def note(db, key):
    db.execute(insert(meta).values(key=key, value="x"))

async def work(job):
    ran.append((job.plugin.name, job.gateway.gateway, job.tick.timestamp()))
    while hold.is_set():
        await asyncio.sleep(0.01)
    await job.write(note, f"toy {len(ran)}")

async def fail(job):
    await job.write(note, "before it failed")
    raise ValueError("a secret")

async def sleep(job):
    await asyncio.sleep(60)

def remind(job):
    ran.append("plain")

def write_to_all(db, job):
    residents = [id for (id,) in db.execute(select(residents_table.c.id))]
    job.audit(db, "toy.remind", "resident:all")
    return job.send(db, residents, "あしたは資源の日です。", f"day {job.tick:%m-%d}")

from madoguchi.tables import resident as residents_table

async def send(job):
    ran.append(await job.write(write_to_all, job))

@hookimpl
def register_jobs(config, settings):
    return JOBS

@hookimpl
def offer_for_message(text):
    if text == "元気ですか":
        return Offer(lambda ctx: "元気です。", Fit.EXACT, label="元気")
'''
HOUR = 3600


@pytest.fixture
def toy(install_plugin, make_town):
    """Start a town in which `toy` has these jobs; the town and the module."""

    def start(jobs: str, **options):
        install_plugin("toy", TOY.replace("return JOBS", f"return [{jobs}]"))
        town = make_town(plugins={"toy": {}}, **options)
        plugin = town.running.services.plugins.all["toy"]
        assert plugin.trouble is None
        module = importlib.import_module("toy_under_test")
        return town, module

    return start


def rows(town, job="toy/work"):
    sql = "SELECT tick, outcome, attempts, error FROM job_run WHERE job = $1 ORDER BY tick"
    return town.wait(town.running.store.fetch(sql, job))


def outcomes(town, job="toy/work"):
    return [row[1] for row in rows(town, job)]


def notes(town):
    sql = "SELECT count(*) FROM meta WHERE key LIKE 'toy%'"
    return town.wait(town.running.store.fetch(sql))[0][0]


def execute(town, sql):
    from sqlalchemy import text

    town.wait(town.running.store.write(lambda db: db.execute(text(sql)) and None))


HOURLY = 'Job("work", Every(60), work)'


def test_a_job_that_is_new_waits_for_its_time_then_runs_once_for_each(toy):
    town, module = toy(HOURLY)
    until(lambda: outcomes(town) == ["new"])
    assert module.ran == []
    town.clock.move(HOUR)
    until(lambda: outcomes(town) == ["new", "done"])
    town.clock.move(5 * HOUR)  # of the times that were missed, the last one
    until(lambda: outcomes(town) == ["new", "done", "done"])
    ticks = [tick for _, _, tick in module.ran]
    assert ticks == [row[0] for row in rows(town)[1:]]
    assert all(tick % HOUR == 0 for tick in ticks)
    assert module.ran[0][:2] == ("toy", "mihon")
    assert notes(town) == 2


def test_a_run_that_is_done_is_not_done_again_by_the_next_worker(toy):
    town, module = toy(HOURLY + ', Job("remind", Every(60), remind)')
    until(lambda: outcomes(town, "toy/remind") == ["new"])
    town.clock.move(HOUR)
    until(lambda: outcomes(town, "toy/remind") == ["new", "done"])
    town.stop_worker()
    town.start_worker()
    town.clock.move(HOUR)
    until(lambda: outcomes(town, "toy/remind") == ["new", "done", "done"])
    assert module.ran.count("plain") == 2


def test_two_workers_run_it_once(toy, make_town, postgres):
    town, module = toy('Job("work", Every(5), work)', database_url=postgres)
    other = make_town(plugins={"toy": {}}, database_url=postgres, clock_file=town.folder / "clock")
    until(lambda: outcomes(town) == ["new"])
    for n in range(1, 6):
        town.clock.move(300)
        until(lambda n=n: outcomes(town) == ["new", *["done"] * n])
        until(lambda n=n: all(runs(each) >= n for each in (town, other)))
    assert len(module.ran) == 5
    assert notes(town) == 5


def runs(town):
    """How many times of `toy/work` this worker has looked at."""
    newest = rows(town)[-1][0]
    jobs = next(
        one.cr_frame.f_locals["self"]
        for one in (task.get_coro() for task in town.running._tasks)
        if one.__qualname__ == "Jobs.run"
    )
    return len(rows(town)) - 1 if jobs._seen.get("toy/work") == newest else 0


def test_a_run_whose_worker_stops_is_taken_over(toy):
    town, module = toy(HOURLY)
    until(lambda: outcomes(town) == ["new"])
    module.hold.set()
    town.clock.move(HOUR)
    until(lambda: len(module.ran) == 1)
    town.stop_worker()
    assert len(module.ran) == 1
    module.hold.clear()
    town.start_worker()
    until(lambda: outcomes(town) == ["new", "done"])
    assert rows(town)[-1][2] == 2
    assert len(set(module.ran)) == 1
    assert notes(town) == 1


def test_a_run_whose_workers_died_three_times_is_given_up(toy):
    town, module = toy(HOURLY)
    until(lambda: outcomes(town) == ["new"])
    execute(
        town,
        "UPDATE job_run SET outcome = 'running', attempts = 3, owner = 'dead-1'"
        " WHERE job = 'toy/work'",
    )
    town.stop_worker()
    town.start_worker()
    until(lambda: outcomes(town) == ["failed"])
    assert rows(town)[0][3] == "its worker died 3 times"
    assert module.ran == []


def test_who_lost_a_run_writes_nothing_more(toy, caplog):
    town, module = toy(HOURLY)
    until(lambda: outcomes(town) == ["new"])
    module.hold.set()
    town.clock.move(HOUR)
    until(lambda: len(module.ran) == 1)
    execute(town, "UPDATE job_run SET attempts = 2, owner = 'other' WHERE outcome = 'running'")
    module.hold.clear()
    until(lambda: "another worker has taken it over" in caplog.text)
    assert notes(town) == 0


def test_a_job_that_fails_or_hangs_is_said_and_harms_nobody(toy):
    town, _ = toy(
        'Job("fail", Every(60), fail), Job("sleep", Every(60), sleep, limit=0.2),'
        ' Job("work", Every(60), work)'
    )
    until(lambda: outcomes(town) == ["new"])
    town.clock.move(HOUR)
    until(lambda: outcomes(town) == ["new", "done"])
    until(lambda: outcomes(town, "toy/sleep") == ["new", "failed"])
    assert rows(town, "toy/fail")[-1][3] == "ValueError: see the log"
    assert rows(town, "toy/sleep")[-1][3] == "PluginError: see the log"
    assert TestResident(town).says("元気ですか") == ["元気です。"]
    town.clock.move(HOUR)
    until(lambda: outcomes(town, "toy/fail") == ["new", "failed", "failed"])


def test_what_comes_too_late_is_missed(toy, caplog):
    town, module = toy('Job("work", Every(60), work, catch_up=timedelta(minutes=5))')
    until(lambda: outcomes(town) == ["new"])
    into_the_hour = town.clock.time() % HOUR
    town.clock.move(2 * HOUR - into_the_hour + 600)
    until(lambda: outcomes(town) == ["new", "missed"])
    town.clock.move(HOUR - 600 + 60)
    until(lambda: outcomes(town) == ["new", "missed", "done"])
    assert len(module.ran) == 1
    assert "job toy/work missed" in caplog.text


def test_a_job_sends_to_residents_once(toy):
    town, module = toy('Job("send", Every(60), send)')
    resident = TestResident(town)
    until(lambda: outcomes(town, "toy/send") == ["new"])
    town.clock.move(HOUR)
    until(lambda: module.ran == [1])
    until(lambda: resident.chat()[-1]["message"]["text"] == "あしたは資源の日です。")
    until(lambda: outcomes(town, "toy/send")[-1] == "done")
    lost = "UPDATE job_run SET outcome = 'running', owner = NULL WHERE outcome = 'done'"
    execute(town, f"{lost} AND job = 'toy/send'")
    town.stop_worker()
    town.start_worker()
    until(lambda: outcomes(town, "toy/send")[-1] == "done" and len(module.ran) >= 2)
    texts = [one["message"]["text"] for one in resident.chat() if one["from"] == "bot"]
    assert texts.count("あしたは資源の日です。") == 1


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ('Job("work", Every(60), work), Job("work", Every(5), work)', "stands there twice"),
        ('Job("Work!", Every(60), work)', "use a-z, 0-9 and _"),
        ('"work"', "returned a str among its Jobs"),
        ('Job("work", Every(7), work)', "write a part of a day"),
        ('Job("work", Daily("25:00"), work)', 'such as "03:30"'),
        ('Job("work", Daily("05:00", weekdays=("tues",)), work)', "write some of mon, tue"),
        ('Job("work", Daily("05:00", days=(31,)), work)', "days that every month has"),
        ('Job("work", "03:30", work)', "is Daily or Every"),
        ('Job("work", Every(60), "work")', "is a function"),
        ('Job("work", Every(60), work, limit=0)', "is in seconds"),
    ],
)
def test_a_job_that_cannot_be_is_refused_in_words(install_plugin, make_town, jobs, said):
    install_plugin("toy", TOY.replace("return JOBS", f"return [{jobs}]"))
    town = make_town(plugins={"toy": {}})
    assert said in town.running.services.plugins.all["toy"].trouble


def test_the_gateways_own_job_forgets_what_may_be_kept_for_a_day(gateway, resident):
    resident.says("しらない言葉")
    sql = "SELECT count(*) FROM unanswered WHERE message_key IS NOT NULL"
    assert gateway.wait(gateway.running.store.fetch(sql)) == [(1,)]
    until(lambda: outcomes(gateway, "core/forget") == ["new"])
    gateway.clock.move(25 * HOUR)
    until(lambda: gateway.wait(gateway.running.store.fetch(sql)) == [(0,)])
    for _ in range(2):
        gateway.clock.move(91 * 24 * HOUR)
        until(lambda: outcomes(gateway, "core/forget")[-1] == "done")
    until(lambda: len(rows(gateway, "core/forget")) <= 2)


# Schedules

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
DAILY = st.builds(
    Daily,
    st.times().map(lambda one: f"{one:%H:%M}"),
    st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(tuple),
    st.lists(st.integers(1, 28), max_size=3).map(tuple),
)
EVERY = st.builds(Every, st.sampled_from([n for n in range(1, 1441) if 1440 % n == 0]))


@given(DAILY, MOMENTS)
def test_daily_is_the_last_day_that_fits(schedule, now):
    tick = schedule.latest(now).astimezone(JST)
    assert tick <= now
    assert fits(schedule, tick)
    after = tick + timedelta(days=1)
    while after <= now:
        assert not fits(schedule, after)
        after += timedelta(days=1)


def fits(schedule, tick):
    return (
        f"{tick:%H:%M}" == schedule.at
        and tick.strftime("%a").lower() in schedule.weekdays
        and (not schedule.days or tick.day in schedule.days)
    )


@given(EVERY, MOMENTS)
def test_every_counts_from_midnight_in_tokyo(schedule, now):
    tick = schedule.latest(now).astimezone(JST)
    assert timedelta() <= now - tick < timedelta(minutes=schedule.minutes)
    assert (tick.hour * 60 + tick.minute) % schedule.minutes == 0
    assert (tick.second, tick.microsecond) == (0, 0)


def test_schedules_in_words():
    assert str(Every(15)) == "every 15 min"
    assert str(Daily("03:30")) == "03:30"
    assert str(Daily("19:00", weekdays=("mon", "thu"))) == "19:00 on mon, thu"
    assert str(Daily("09:00", days=(1, 15))) == "09:00, day 1, day 15"
