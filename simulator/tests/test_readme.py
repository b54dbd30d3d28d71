"""What the README shows runs as it stands there."""

import re
from pathlib import Path

from madoguchi_simulator.app import ENDPOINTS
from madoguchi_simulator.channel import Settings

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_python_example_runs(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    assert "図書館" in capsys.readouterr().out


def test_every_setting_and_every_endpoint_name_is_listed():
    for name in Settings().to_json():
        assert f"`{name}`" in README, name
    names = {endpoint.name for endpoint in ENDPOINTS} - {"insight", "later"}
    (listed,) = re.findall(r"Endpoints: `([^`]*)`", README)
    assert set(listed.split()) == names
