"""A plugin that hangs over new settings is left out; the city's own settings go on changing."""

import subprocess
import sys
from pathlib import Path

HANGS = """
from madoguchi import hookimpl
from pydantic import BaseModel

class Settings(BaseModel):
    note: str = ""

@hookimpl
def settings_model():
    return Settings

@hookimpl
def register_jobs(config, settings):
    while settings.note == "hang":
        pass
    return []
"""


def run(served, *words):
    command = [str(Path(sys.executable).with_name("madoguchi")), "settings", *words]
    command += ["--config", str(served.config), "--data", str(served.data)]
    environment = served.environment
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def change(served, old, new):
    exported = run(served, "export").stdout
    assert old in exported
    file = served.config.parent / "change.toml"
    file.write_text(exported.replace(old, new), "utf-8")
    return run(served, "import", str(file))


def test_settings_over_which_a_plugin_hangs_cost_that_plugin_alone(serve):
    with serve({"mihon": "[plugins.hangs]"}, {"hangs": {"__init__.py": HANGS}}) as served:
        result = change(served, 'note = ""', 'note = "hang"')
        assert result.returncode == 1
        assert "the worker did not answer" in result.stderr
        served.until(
            lambda: "silent for more than 5 s" in served.health_of("mihon", "hangs"),
            "the plugin is left out",
        )
        assert "version 2" not in run(served, "history", "hangs").stdout
        result = change(served, 'greeting = "mihon市です。"', 'greeting = "こんにちは。"')
        assert result.returncode == 0, result.stderr
        assert "version 2" in run(served, "history", "city").stdout
        resident = served.add_resident("mihon")
        served.thread.run(served.lines["mihon"].follow(resident))
        (said,) = served.until(lambda: served.answers("mihon", resident), "a greeting")
        assert said.startswith("こんにちは。")
