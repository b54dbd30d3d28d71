"""`/metrics` and `/health/…`: what is counted, who may read it, and that nobody is in it."""

import asyncio
import json
import re
import urllib.error
import urllib.request

import pytest
from typer.testing import CliRunner

from madoguchi import serving
from madoguchi.cli import app
from madoguchi.door import Door, Entrance
from madoguchi.metrics import BOUNDS, METRICS

SERIES = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="[^"]*",?)*)\})? ([0-9.e+-]+)')
OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}


COUNTING = """
from madoguchi import Fit, Offer, hookimpl

@hookimpl
def offer_for_message(text):
    return Offer(fail if text == "fail" else lambda ctx: "はい", Fit.EXACT, "数")

def fail(ctx):
    raise RuntimeError("it is broken")
"""


@pytest.fixture
def plugins(install_plugin):
    install_plugin("counting", COUNTING)
    return {"counting": {}}


def get(url, headers=None):
    """Status and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {})) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def numbers(url):
    """Every series on the page, each line as Prometheus wants it."""
    status, page = get(f"{url}/metrics")
    assert status == 200
    found = {}
    for line in page.splitlines():
        if line.startswith("# "):
            assert re.fullmatch(r"# (HELP|TYPE) madoguchi_[a-z_]+ .+", line)
            continue
        name, labels, value = SERIES.fullmatch(line).groups()
        assert f"{name}{{{labels}}}" not in found
        found[f"{name}{{{labels}}}" if labels else name] = float(value)
    return found


def grown(before, after, name):
    return after[name] - before.get(name, 0.0)


def test_a_turn_is_counted_from_the_door_to_lines_answer(gateway, resident):
    before = numbers(gateway.door_url)
    resident.says("図書館")
    resident.says("図書館")
    after = numbers(gateway.door_url)
    for name, labels in [
        ("webhooks_total", 'gateway="mihon",status="200"'),
        ("events_received_total", 'gateway="mihon"'),
        ("turn_seconds_count", 'gateway="mihon"'),
        ("turn_seconds_bucket", 'gateway="mihon",le="+Inf"'),
        ("line_answers_total", 'gateway="mihon",call="reply",answer="accepted"'),
    ]:
        assert grown(before, after, f"madoguchi_{name}{{{labels}}}") == 2, name
    assert after == numbers(gateway.pages_url), "the worker shows the same"
    assert resident.user_id not in json.dumps(list(after))


def test_a_plugin_that_fails_is_counted_by_its_name(gateway, resident):
    before = numbers(gateway.pages_url)
    resident.says("fail")
    after = numbers(gateway.pages_url)
    failures = 'madoguchi_plugin_failures_total{gateway="mihon",plugin="counting"}'
    assert grown(before, after, failures) == 1
    failed = 'madoguchi_events_handled_total{gateway="mihon",outcome="failed"}'
    assert grown(before, after, failed) == 1


def test_the_buckets_of_a_histogram_only_rise(gateway, resident):
    resident.says("図書館")
    found = numbers(gateway.door_url)
    ends = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
    rising = [found[f'madoguchi_turn_seconds_bucket{{gateway="mihon",le="{end}"}}'] for end in ends]
    assert rising == sorted(rising)
    assert rising[-1] == found['madoguchi_turn_seconds_count{gateway="mihon"}']


def test_a_stranger_learns_only_whether_all_is_well(gateway):
    for url in (gateway.door_url, gateway.pages_url):
        assert get(f"{url}/metrics", OUTSIDE)[0] == 404
        assert get(f"{url}/health/live", OUTSIDE) == (200, '{"status": "live"}')
        assert get(f"{url}/health/ready", OUTSIDE) == (200, '{"status": "ready"}')
        assert "gateways" in json.loads(get(f"{url}/health/ready")[1])
        assert get(f"{url}/health/other")[0] == 404


def test_the_worker_is_not_ready_without_its_database_or_its_lanes(gateway):
    lanes = gateway.running.lanes
    kept, lanes._valid_until = lanes._valid_until, 0.0
    status, told = get(f"{gateway.pages_url}/health/ready")
    lanes._valid_until = kept
    assert status == 503
    report = json.loads(told)["gateways"]["mihon"]
    assert report["lanes"] == "the leases have run out, 64 held"
    assert report["database"] == "well"


def test_the_door_is_not_ready_where_it_cannot_store(loop_thread, tmp_path):
    entrances = [
        Entrance("kita", "secret", str(tmp_path)),
        Entrance("minami", "secret", "postgresql://postgres@127.0.0.1:1/none"),
        Entrance("nishi", trouble="nishi.toml: is not TOML"),
    ]

    async def ask():
        door = Door(entrances, lambda: 0.0)
        async with serving.serving(door, lifespan=True) as url:
            return await asyncio.to_thread(get, f"{url}/health/ready")

    status, told = loop_thread.run(ask())
    assert status == 503
    told = json.loads(told)["gateways"]
    assert told["kita"] == {"inbox": "well"}
    assert told["minami"]["inbox"].startswith("the inbox cannot be reached: ")
    assert told["nishi"] == {"inbox": "nishi.toml: is not TOML"}


def test_every_number_says_what_it_is():
    for name, metric in METRICS.items():
        assert re.fullmatch(r"madoguchi_[a-z_]+", name)
        assert metric.about.endswith(".")
        assert name.endswith("_total") == (metric.kind == "counter")
        assert set(metric._labels) <= {
            "gateway", "plugin", "outcome", "status", "call", "answer", "job", "process"
        }, "labels are names and words of ours, never a resident's"  # fmt: skip


def test_watchers_that_are_no_addresses_are_refused(tmp_path):
    told = CliRunner().invoke(app, ["serve", "--watchers", "10.0.0", "--data", str(tmp_path)])
    assert told.exit_code == 1
    assert "--watchers: '10.0.0' does not appear to be" in told.output
