"""The benches run: each beside its baseline, in a tiny setting. No figure is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report import RECORD, Report, show

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benches need Linux")


@pytest.mark.parametrize(
    "name",
    ["webhook", "chat", "isolation", "start", "page", "audience", "delivery", "garbage"],
)
def test_each_bench_ends_with_one_line_of_json(name):
    ran = subprocess.run(
        [sys.executable, "-m", "bench", name, "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["bench"] == name
    assert "| --- |" in ran.stdout


def test_a_report_is_put_into_its_place(tmp_path):
    page = tmp_path / "performance.md"
    page.write_text("before\n<!-- bench x -->\nold\n<!-- end x -->\nafter\n", "utf-8")
    report = Report("x")
    report.table(["what", "ms"], [["a", 1234.5], ["b", 0.123]])
    report.goal("p99, ms", 12.0, 10.0)
    report.record(page)
    text = page.read_text("utf-8")
    assert text.startswith("before\n<!-- bench x -->\nMeasured ")
    assert "old" not in text
    assert text.endswith("<!-- end x -->\nafter\n")
    assert "| a | 1,234 |\n| b | 0.12 |" in text
    assert "goal ≤ 10.0: **missed**" in text
    assert report.figures["p99, ms"] == {"value": 12.0, "goal": "≤ 10", "met": False}


def test_a_report_without_a_place_says_so(tmp_path):
    page = tmp_path / "performance.md"
    page.write_text("nothing", "utf-8")
    with pytest.raises(LookupError, match="bench x"):
        Report("x").record(page)


@pytest.mark.parametrize(
    "name",
    ["webhook", "chat", "isolation", "start", "page", "audience", "delivery", "garbage"],
)
def test_the_page_has_a_place_for_each_bench(name):
    text = RECORD.read_text("utf-8")
    assert f"<!-- bench {name} -->" in text
    assert f"<!-- end {name} -->" in text


def test_figures_are_short():
    assert [show(v) for v in (0, 0.5, 12.34, 1234.6, "text")] == [
        "0",
        "0.50",
        "12.3",
        "1,235",
        "text",
    ]
