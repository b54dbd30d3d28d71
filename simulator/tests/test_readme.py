"""What the README shows runs as it stands there."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from madoguchi_simulator.app import ENDPOINTS
from madoguchi_simulator.channel import Settings

ENVIRONMENT = {
    **os.environ,
    "CHANNEL_SECRET": "secret-of-the-test",
    "CHANNEL_ACCESS_TOKEN": "token-of-the-test",
}
README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_python_example_runs(capsys):
    (block,) = re.findall(r"```python\n(import asyncio\n.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    assert "図書館" in capsys.readouterr().out


def test_every_setting_and_every_endpoint_name_is_listed():
    for name in Settings().to_json():
        assert f"`{name}`" in README, name
    names = {endpoint.name for endpoint in ENDPOINTS} - {"insight", "later"}
    (listed,) = re.findall(r"Endpoints: `([^`]*)`", README)
    assert set(listed.split()) == names


def test_the_python_bot_answers(line, free_port, answers, tmp_path):
    env = {**ENVIRONMENT, "LINE_API": line.base, "PORT": str(free_port)}
    line.settings(webhookUrl=f"http://127.0.0.1:{free_port}/webhook")
    with subprocess.Popen([sys.executable, example("bot.py", tmp_path)], env=env) as bot:
        answers(line)
        user_id = line.resident()
        assert line.says(user_id, "図書館")["status"] == 200
        assert line.texts(user_id) == ["図書館", "「図書館」ですね。"]
        bot.kill()


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl (Debian: apt-get install curl)")
def test_the_shell_talks(line, bot, tmp_path):
    env = {**ENVIRONMENT, "LINE_API": line.base}
    script = example("talk.sh", tmp_path)
    done = subprocess.run(["sh", "-eu", script], env=env, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert bot.events[-1]["message"]["text"] == "図書館"
    (friend,) = line.get("/sim/residents").json["residents"]
    assert line.texts(friend["userId"]) == ["図書館", "開館しました"]
    assert done.stdout.decode().count('"seq"') == 2


def test_every_trial_in_the_table_is_accepted(line):
    (table,) = re.findall(r"to see what your bot does.*?\n\n", README, re.DOTALL)
    trials = re.findall(r"`(PUT|POST) (/sim/\w+)` `(.*?)` \|", table)
    assert len(trials) == 8
    for method, path, body in trials:
        assert line.call(method, path, json.loads(body)).status == 200, body


def example(name: str, folder: Path) -> Path:
    """A block of the README that begins with its name, as a file."""
    (block,) = re.findall(rf"```\w+\n(# {re.escape(name)}\n.*?)```", README, re.DOTALL)
    file = folder / name
    file.write_text(block, "utf-8")
    return file
