"""Write a new plugin: a folder whose tests pass, to be changed from there.

The files stand in `template/`, with `$name` where the plugin's name belongs.
"""

import importlib.util
import keyword
import re
from importlib import metadata
from pathlib import Path
from string import Template

from madoguchi import tables
from madoguchi.dispatch import OWN
from madoguchi.errors import MadoguchiError
from madoguchi.plugins import GROUP

NAME = re.compile("[a-z][a-z0-9_]{0,30}")
TEMPLATES = Path(__file__).parent / "template"
FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "src/$name/__init__.py": "src/__init__.py.txt",
    "src/$name/config.py": "src/config.py.txt",
    "tests/test_$name.py": "tests/test_name.py.txt",
}
"""What is written, and from which template."""


class NameRefused(MadoguchiError):
    """No plugin can be written under this name, or not there; the text says why."""


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Write the plugin `name` into `folder/name`; the files, in the order in which to read them.

    Raises `NameRefused` if the name cannot be used or the folder is there already.
    """
    target = folder / name
    if reason := find_objection(name) or (target.exists() and f"{target} is there already"):
        raise NameRefused(f"{name!r} cannot be used: {reason}")
    values = {"name": name, "distribution": name.replace("_", "-"), "core": compatible_core()}
    written = []
    for path, template in FILES.items():
        file = target / Template(path).substitute(values)
        file.parent.mkdir(parents=True, exist_ok=True)
        text = Template((TEMPLATES / template).read_text("utf-8")).substitute(values)
        file.write_text(text, "utf-8")
        written.append(file)
    return written


def find_objection(name: str) -> str | None:
    """Why a plugin cannot have this name, or None.

    Tables, addresses and postbacks begin with it, and the package is imported by it.
    """
    if not NAME.fullmatch(name):
        return "take a-z, 0-9 and _, a letter first, at most 31 of them"
    if name == OWN or name == tables.CORE or name in tables.metadata.tables:
        return "it is the gateway's own"
    for entry in metadata.entry_points(group=GROUP, name=name):
        return f"a plugin of this name is installed ({entry.value})"
    if keyword.iskeyword(name) or importlib.util.find_spec(name) is not None:
        return "Python has a module or keyword of this name"
    return None


def compatible_core() -> str:
    """The range of versions of the gateway that a plugin written today works with."""
    major, minor = metadata.version("madoguchi").split(".")[:2]
    return f"madoguchi>={major}.{minor},<{major}.{int(minor) + 1}"
