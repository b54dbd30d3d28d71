"""Install a plugin for one test, the way a vendor's package is: found by its entry point."""

import sys
from collections.abc import Mapping
from pathlib import Path


def install(
    folder: Path, name: str, files: Mapping[str, str], version: str = "1.0", package: str = ""
) -> str:
    """Write a plugin package and its metadata into `folder`; returns the name to import it by.

    `files` holds its sources by path; a plain text is meant by `{"__init__.py": text}`. The folder
    has to be on `sys.path` (see the fixture `install_plugin`).
    """
    package = package or f"{name}_under_test"
    for path, text in files.items():
        file = folder / package / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    info = folder / f"{package}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    meta = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    (info / "METADATA").write_text(meta, "utf-8")
    entry = f"[madoguchi.plugins]\n{name} = {package}\n"
    (info / "entry_points.txt").write_text(entry, "utf-8")
    return package


def forget(package: str) -> None:
    """Let the next test import its own package of the same name."""
    for module in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
        del sys.modules[module]
