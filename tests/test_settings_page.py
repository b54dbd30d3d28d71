"""docs/settings.md is true: its commands are run in order and print what stands below them."""

import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from madoguchi.cli import app

ROOT = Path(__file__).resolve().parents[1]
STEP = re.compile(r"```sh\n\./run madoguchi (.+)\n```\n(?:\n```text\n((?:.+\n)+)```\n)?")
CHANGING = re.compile(r"(?<=, )\d{4}-\d\d-\d\d \d\d:\d\d|(?<=by )\S+(?= \(command line\))")


def test_the_page_is_true(make_town, tmp_path, monkeypatch, redis_url):
    make_town(city={"greeting": "見本市です。"})
    (tmp_path / "config").mkdir()
    for key, value in (("SECRET", "s"), ("TOKEN", "t"), ("REDIS", redis_url)):
        monkeypatch.setenv(f"PAGE_{key}", value)
    (tmp_path / "config" / "mihon.toml").write_text(
        """
[city]
label = "見本市"
phone = "0100-00-0000"
hours = "平日 8:30〜17:15"
greeting = "見本市です。"
fallback = "お答えできませんでした。"
[line]
channel_id = "1000000001"
channel_secret = { env = "PAGE_SECRET" }
access_token = { env = "PAGE_TOKEN" }
[store]
redis_url = { env = "PAGE_REDIS" }
""",
        "utf-8",
    )
    monkeypatch.chdir(tmp_path)
    steps = STEP.findall((ROOT / "docs" / "settings.md").read_text("utf-8"))
    assert len(steps) == 7
    for line, shown in steps:
        result = CliRunner().invoke(app, [*shlex.split(line), "--data", str(tmp_path)])
        assert CHANGING.sub("…", result.output) == CHANGING.sub("…", shown), line
        exported = tmp_path / "settings.toml"
        if "export" in line:
            text = exported.read_text("utf-8")
            assert 'phone = "0100-00-0000"' in text
            exported.write_text(text.replace("0100-00-0000", "0100-00-1111"), "utf-8")
            wrong = text.replace("apology =", "apolgy =").partition("[versions]")[0]
            (tmp_path / "wrong.toml").write_text(wrong, "utf-8")
    checked = CliRunner().invoke(app, ["check", "--data", str(tmp_path)])
    assert checked.output == "ok\n"
    undone = ["settings", "undo", "city", "--data", str(tmp_path)]
    assert CliRunner().invoke(app, undone).exit_code == 0
    checked = CliRunner().invoke(app, ["check", "--data", str(tmp_path)])
    assert checked.output.splitlines() == [
        "config/mihon.toml: 1 settings are not as in the file, and are in force:"
        " see madoguchi settings diff",
        "ok",
    ]
