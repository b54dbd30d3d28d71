"""What the README shows runs as it stands there."""

import re
from pathlib import Path

from madoguchi_simulator.channel import Settings
from madoguchi_simulator.endpoints import LATER, MESSAGING
from madoguchi_simulator.login_api import LOGIN
from madoguchi_simulator.login_pages import PAGES
from madoguchi_simulator.oauth import TOKENS
from madoguchi_simulator.rich_menu_api import RICH_MENUS

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_python_example_runs(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    assert "図書館" in capsys.readouterr().out


def test_every_setting_and_every_endpoint_name_is_listed():
    for name in Settings().to_json():
        assert f"`{name}`" in README, name
    names = {endpoint.name for endpoint in (*MESSAGING, *RICH_MENUS, *TOKENS, *LOGIN, *PAGES)}
    (listed,) = re.findall(r"Endpoints: `([^`]*)`", README)
    assert set(listed.split()) == names - {"insight"}
    assert {endpoint.name for endpoint in LATER} == {"later"}
