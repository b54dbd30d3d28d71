"""`./run` sets itself up once, says in a sentence where it cannot, and becomes its command.

The tests start the real script in a tiny workspace: one locked wheel, one member, no network.
"""

import ast
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "run"

# The locked wheel is also the member's build backend, so that nothing else has to be there.
BACKEND = """
import pathlib, zipfile
INFO = "member-1.dist-info/"
ENTRY = "[console_scripts]\\nmadoguchi = member:main\\n"
def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(folder) / "member-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("member.pth", str(pathlib.Path.cwd()) + "\\n")
        wheel.writestr(INFO + "METADATA", "Metadata-Version: 2.1\\nName: member\\nVersion: 1\\n")
        wheel.writestr(INFO + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
                       "Tag: py3-none-any\\n")
        wheel.writestr(INFO + "entry_points.txt", ENTRY)
        wheel.writestr(INFO + "RECORD", "")
    return "member-1-py3-none-any.whl"
"""
MEMBER = """
[project]
name = "member"
version = "1"
[build-system]
requires = []
build-backend = "toy"
"""
PROGRAM = """
import os, signal, sys, time
def main():
    print(os.getpid(), *sys.argv[1:], flush=True)
    if sys.argv[1:] == ["serve", "wait"]:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        print("ready", flush=True)
        time.sleep(60)
"""


def write_wheel(folder: Path, version: str) -> str:
    """A wheel of the toy backend; its line for the lock."""
    path = folder / f"toy-{version}-py3-none-any.whl"
    info = f"toy-{version}.dist-info/"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("toy.py", BACKEND)
        wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: toy\nVersion: {version}\n")
        wheel.writestr(
            info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(info + "RECORD", "")
    return f"toy=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@dataclass(frozen=True)
class Workspace:
    """A folder with `run`, a lock and one member, and the wheels that pip may take."""

    folder: Path
    wheels: Path

    def lock(self, text: str) -> None:
        (self.folder / "requirements.lock").write_text(text)

    def environment(self, **more: str) -> dict[str, str]:
        """No configuration of the person's own, no index, only the wheels of this folder."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        ours = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_NO_CACHE_DIR": "1",
        }
        return {**kept, **ours, **more}

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.folder / "run"), *arguments],
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def make_workspace(folder: Path) -> Workspace:
    """The tiny workspace, not yet set up."""
    workspace = Workspace(folder, folder / "wheels")
    workspace.wheels.mkdir(parents=True)
    (folder / "member").mkdir()
    shutil.copy(SCRIPT, folder / "run")
    (folder / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["member", "no*"]\n')
    (folder / "member" / "pyproject.toml").write_text(MEMBER)
    (folder / "member" / "member.py").write_text(PROGRAM)
    workspace.lock(write_wheel(workspace.wheels, "1"))
    return workspace


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace after its first start; in fact two first starts at the same moment."""
    workspace = make_workspace(tmp_path_factory.mktemp("run") / "workspace")
    both = [workspace.start("madoguchi", "inbox") for _ in range(2)]
    answers = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert [out.split()[1:] for out, _ in answers] == [["inbox"], ["inbox"]]
    assert sum(err.count("making") for _, err in answers) == 1, "they did not take turns"
    assert sum(err.count("waiting for it") for _, err in answers) == 1
    return workspace


@pytest.fixture
def stub(tmp_path: Path) -> dict[str, str]:
    """A folder whose modules every Python started with this environment sees first."""
    (tmp_path / "stub").mkdir()
    return {"PYTHONPATH": str(tmp_path / "stub")}


def refusal(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a start that refused, after what pip itself may have said."""
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    sentence = result.stderr.splitlines()[-1]
    assert sentence.startswith("run: ")
    assert sentence.endswith(".")
    return sentence


def test_later_starts_install_nothing(installed: Workspace) -> None:
    # Without any wheel in reach, a call of pip would fail.
    again = installed.run("demo", "--port", "1", PIP_FIND_LINKS="/nowhere")
    assert again.returncode == 0
    assert again.stdout.split()[1:] == ["demo", "--port", "1"]
    assert again.stderr == ""


def test_the_command_replaces_run_so_that_signals_reach_it(installed: Workspace) -> None:
    process = installed.start("serve", "wait")
    assert process.stdout is not None
    assert int(process.stdout.readline().split()[0]) == process.pid
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 7


def test_a_changed_lock_or_member_is_installed_into_the_same_environment(
    installed: Workspace,
) -> None:
    installed.lock(write_wheel(installed.wheels, "2"))
    second = installed.run("madoguchi")
    assert second.returncode == 0, second.stderr
    assert "making" not in second.stderr
    assert list(installed.folder.glob(".venv/lib/python*/site-packages/toy-2.dist-info"))

    (installed.folder / "member" / "pyproject.toml").write_text(MEMBER + "# changed\n")
    assert "installing member" in installed.run("madoguchi").stderr


def test_what_pip_cannot_have_or_check_is_refused_and_harms_nothing(installed: Workspace) -> None:
    locked = (installed.folder / "requirements.lock").read_text()
    write_wheel(installed.wheels, "3")
    installed.lock(f"toy==3 --hash=sha256:{'0' * 64}\n")
    assert "pip could not install" in refusal(installed.run("madoguchi"))
    installed.lock(write_wheel(installed.wheels, "4"))
    assert "connect this machine" in refusal(installed.run("madoguchi", PIP_FIND_LINKS="/nowhere"))

    installed.lock(locked)
    back = installed.run("madoguchi")
    assert back.returncode == 0
    assert "making" not in back.stderr


@pytest.mark.parametrize("harm", ["no interpreter", "killed while installing", "moved"])
def test_a_broken_environment_is_made_anew(installed: Workspace, tmp_path: Path, harm: str) -> None:
    workspace = installed
    venv = installed.folder / ".venv"
    if harm == "no interpreter":
        (venv / "bin" / "python").unlink()
    elif harm == "killed while installing":
        (venv / "madoguchi.installing").touch()
        (venv / "madoguchi.installed").unlink()
    else:
        shutil.copytree(installed.folder, tmp_path / "moved", symlinks=True)
        workspace = Workspace(tmp_path / "moved", installed.wheels)
    result = workspace.run("madoguchi", "plugins")
    assert result.returncode == 0, result.stderr
    assert f"making {workspace.folder / '.venv'}" in result.stderr
    assert result.stdout.split()[1:] == ["plugins"]


def test_old_python_is_told_which_one_is_needed(tmp_path: Path, stub: dict[str, str]) -> None:
    old = "import sys\nsys.version_info = (3, 8, 10, 'final', 0)\n"
    (Path(stub["PYTHONPATH"]) / "sitecustomize.py").write_text(old)
    sentence = refusal(make_workspace(tmp_path / "workspace").run("demo", **stub))
    assert "3.11 or newer" in sentence
    assert "this is 3.8" in sentence


def test_windows_is_sent_to_wsl(tmp_path: Path, stub: dict[str, str]) -> None:
    (Path(stub["PYTHONPATH"]) / "sitecustomize.py").write_text("import sys\nsys.platform='win32'\n")
    assert "WSL" in refusal(make_workspace(tmp_path / "workspace").run("demo", **stub))


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_missing_venv_module_names_the_package(
    tmp_path: Path, stub: dict[str, str], module: str
) -> None:
    missing = f"raise ModuleNotFoundError('No module named {module}')\n"
    (Path(stub["PYTHONPATH"]) / f"{module}.py").write_text(missing)
    workspace = make_workspace(tmp_path / "workspace")
    assert "apt-get install python3-venv" in refusal(workspace.run("demo", **stub))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "workspace")
    (workspace.folder / ".venv").symlink_to(tmp_path / "gone")  # refused for root as well
    sentence = refusal(workspace.run("demo"))
    assert "right to write" in sentence
    assert str(workspace.folder) in sentence


def test_unknown_commands_and_help(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "workspace")
    assert "./run help" in refusal(workspace.run("dmeo"))
    for arguments in ([], ["help"], ["--help"]):
        shown = workspace.run(*arguments)
        assert shown.returncode == 0
        for command in ("demo", "test", "check", "bench", "serve", "madoguchi", "fmt", "lock"):
            assert f"./run {command}" in shown.stdout
    assert not (workspace.folder / ".venv").exists()


def test_the_script_parses_on_every_python_3() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef)
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, newer)] == []
