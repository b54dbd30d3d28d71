"""What holds for the repository as a whole: addresses, sizes, members, lock, licences."""

import re
import subprocess
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]

# Put together from parts, so that this file passes its own test.
REGISTRIES = [f"{name}.{end}" for name, end in [
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
    ("yarnpkg", "com"), ("unpkg", "com"), ("jsdelivr", "net"),
]]  # fmt: skip
MACHINE_PATHS = ["/" + path for path in ("work/main", "work/shared", "root/", "opt/pypi", "tmp/w/")]
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]


@cache
def tracked() -> tuple[Path, ...]:
    """Files that git would commit, the ones not yet added included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    paths = (ROOT / name for name in listing.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def texts() -> list[tuple[str, str]]:
    """Relative path and content of each file that is text."""
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((str(path.relative_to(ROOT)), content.decode()))
    return found


def places(pattern: str, suffix: str = "") -> list[str]:
    """Where a pattern stands, as path:line, in files whose name ends so."""
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts()
        if name.endswith(suffix)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


def load(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def member_folders() -> list[Path]:
    patterns = load(ROOT)["tool"]["uv"]["workspace"]["members"]
    folders = {folder for pattern in patterns for folder in ROOT.glob(pattern)}
    return sorted(folder for folder in folders if (folder / "pyproject.toml").exists())


def direct_requirements() -> set[str]:
    """Names that members and developers ask for, other members left out."""
    settings = [load(folder) for folder in [ROOT, *member_folders()]]
    wanted: set[str] = set()
    for one in settings:
        project = one["project"]
        wanted.update(project.get("dependencies", []))
        wanted.update(*project.get("optional-dependencies", {}).values())
        wanted.update(*one.get("dependency-groups", {}).values())
        wanted.update(one.get("build-system", {}).get("requires", []))
    ours = {canonicalize_name(one["project"]["name"]) for one in settings}
    return {canonicalize_name(Requirement(text).name) for text in wanted} - ours


def locked() -> dict[str, Requirement]:
    """Each package of the lock."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"\w", line)]
    return {canonicalize_name(pin.name): pin for pin in pins}


def test_no_file_names_a_registry() -> None:
    assert places("|".join(re.escape(host) for host in REGISTRIES)) == []


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    assert places("|".join(rf"(?<![\w.]){re.escape(path)}" for path in MACHINE_PATHS)) == []


def test_nothing_is_left_unfinished() -> None:
    assert places(rf"\b({'|'.join(UNFINISHED)})\b", ".py") == []


def test_no_module_is_longer_than_400_lines() -> None:
    modules = [*((name, text) for name, text in texts() if name.endswith(".py")),
               ("run", (ROOT / "run").read_text())]  # fmt: skip
    sizes = {name: text.count("\n") for name, text in modules if "tests/" not in name}
    assert {name: size for name, size in sizes.items() if size > 400} == {}


@pytest.mark.parametrize("folder", member_folders(), ids=lambda folder: folder.name)
def test_each_member_says_what_it_is(folder: Path) -> None:
    project = load(folder)["project"]
    assert project["description"]
    assert (folder / "README.md").read_text().startswith("# ")
    assert (folder / "src" / project["name"].replace("-", "_")).is_dir()
    if folder.parent.name == "examples":
        return  # shown as a vendor would write it, not published
    assert project["readme"] == "README.md"
    assert project["license"] == "Apache-2.0"
    assert project["requires-python"] == ">=3.11"


def test_each_distribution_is_a_member_of_the_workspace() -> None:
    folders = {path.parent for path in tracked() if path.name == "pyproject.toml"} - {ROOT}
    assert folders == set(member_folders())


def test_lock_is_exact_hashed_and_without_addresses() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"\n(?=\w)", text.strip())
    assert len(entries) == len(re.findall(r"^\w", text, re.MULTILINE))
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.]+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_lock_covers_every_direct_requirement() -> None:
    missing = direct_requirements() - set(locked())
    assert missing == set(), "run `./run lock`"


def test_lock_covers_what_the_locked_packages_need() -> None:
    pins = locked()
    environment = {key: str(value) for key, value in default_environment().items()}
    for name, pin in pins.items():
        if pin.marker and not pin.marker.evaluate(environment):
            continue
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            if needed.marker and not needed.marker.evaluate({**environment, "extra": ""}):
                continue
            assert canonicalize_name(needed.name) in pins, f"{name} needs {text}: `./run lock`"


def test_installed_packages_are_the_locked_ones() -> None:
    for name, pin in locked().items():
        if pin.marker is None or pin.marker.evaluate():
            assert pin.specifier.contains(metadata.version(name), prereleases=True), name


def test_every_direct_requirement_is_explained() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \|([^|\n]+)\|([^|\n]+)\|([^|\n]+)\|$", text, re.MULTILINE)
    explained = {canonicalize_name(Requirement(name).name): cells for name, *cells in rows}
    assert set(explained) == direct_requirements()
    for name, cells in explained.items():
        assert all(len(cell.strip()) > 2 for cell in cells), name


def licence(name: str) -> str:
    """What a package says about its licence, in the four ways in which packages say it."""
    about = metadata.metadata(name)
    said = [about.get("License-Expression"), (about.get("License") or "").split("\n")[0]]
    said += [one for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
    if not any(said):  # only the file itself: its first line is the licence's name
        files = [one for one in metadata.files(name) or [] if one.name == "LICENSE"]
        said = [file.read_text().strip().split("\n")[0] for file in files]
    return " / ".join(text for text in said if text)


def test_no_package_is_under_a_gnu_licence() -> None:
    for name, pin in locked().items():
        if pin.marker is None or pin.marker.evaluate():
            assert licence(name), f"{name} does not say its licence"
            assert not re.search(r"GPL|GNU|SSPL", licence(name)), f"{name}: {licence(name)}"


def test_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    for part in ("1. Definitions.", "9. Accepting Warranty", "END OF TERMS AND CONDITIONS"):
        assert part in text


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_are_executable_in_git(script: str) -> None:
    command = ["git", "ls-files", "--stage", script]
    staged = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert staged.startswith("100755 ")
    assert (ROOT / script).stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/dependencies.md"]
)
def test_newcomers_find_the_usual_files(name: str) -> None:
    assert (ROOT / name).read_text().startswith("# ")


def test_changelog_tells_plugin_authors_about_hooks() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    releases = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert releases
    assert "### Hooks" in releases[0]
