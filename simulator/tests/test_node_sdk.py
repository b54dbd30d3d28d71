"""LINE's own SDK for Node.js, unmodified and from npm, against the simulator."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from madoguchi_simulator.pictures import grey_png

HERE = Path(__file__).parent
SDK = "@line/bot-sdk@11"
SECRET, TOKEN = "secret-of-the-test", "token-of-the-test"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDK, from whichever registry npm is set to."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("no node and npm on this machine (Debian: apt-get install nodejs npm)")
    folder = tmp_path_factory.mktemp("node")
    quick = "--ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=0"
    command = ["npm", "install", *quick.split(), "--prefix", str(folder), SDK]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, cwd=folder)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not bring {SDK} in three minutes")
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line][:1]
        pytest.skip(f"npm could not bring {SDK}: {' '.join(said)}")
    return folder


@pytest.fixture
def bot_process(node: Path, line, free_port) -> Iterator[None]:
    """The bot of the README, which the simulator knows."""
    readme = (HERE.parent / "README.md").read_text("utf-8")
    (block,) = re.findall(r"```js\n(// bot\.mjs\n.*?)```", readme, re.DOTALL)
    (node / "bot.mjs").write_text(block, "utf-8")
    env = {
        **os.environ,
        "LINE_API": line.base,
        "CHANNEL_SECRET": SECRET,
        "CHANNEL_ACCESS_TOKEN": TOKEN,
        "PORT": str(free_port),
    }
    process = subprocess.Popen(["node", "bot.mjs"], cwd=node, env=env)
    line.settings(webhookUrl=f"http://127.0.0.1:{free_port}/webhook")
    yield
    process.kill()
    process.wait()


def test_the_readmes_bot_answers(bot_process, line, answers):
    user_id = line.resident(follow=False)
    answers(line)
    line.post(f"/sim/residents/{user_id}/follow")
    assert line.says(user_id, "図書館")["status"] == 200
    assert line.texts(user_id) == ["図書館", "「図書館」ですね。"]
    forged = line.post("/sim/webhooks", {"events": [], "signature": "wrong"}).json
    assert forged["status"] == 403


def test_every_kind_of_call(node, line, bot):
    user_id = line.resident("花子")
    line.says(user_id, "電池")
    headers, body = bot.requests[-1]
    photo = ("a.png", "image/png", grey_png(8, 8))
    image = line.post_files(f"/sim/residents/{user_id}/messages", photo).json["messageId"]
    picture = base64.b64encode(grey_png(800, 400)).decode()
    script = shutil.copy(HERE / "sdk.mjs", node)
    given = {
        "baseURL": line.base,
        "token": TOKEN,
        "secret": SECRET,
        "userId": user_id,
        "replyToken": json.loads(body)["events"][0]["replyToken"],
        "imageId": image,
        "picture": picture,
        "body": body.decode(),
        "signature": headers["x-line-signature"],
    }
    done = subprocess.run(
        ["node", script], input=json.dumps(given).encode(), capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == {
        "signature": [True, False],
        "replied": 1,
        "repliedAgain": [400, "Invalid reply token"],
        "pushedAgain": [409, "The retry key is already accepted"],
        "profile": "花子",
        "usage": 3,
        "followers": [user_id],
        "image": base64.b64encode(grey_png(8, 8)).decode(),
        "tooEarly": [400, "must upload richmenu image before applying it to user"],
        "picture": True,
        "isDefault": True,
        "aliases": ["tab"],
        "isLinked": True,
        "batch": [202, "succeeded", [404, "the user has no richmenu"]],
        "menus": 1,
        "bot": "@simulator",
    }
