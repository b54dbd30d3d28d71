"""Write into simulator/README.md which of LINE's calls the simulator plays.

    .venv/bin/python tools/played.py [--check]

The calls are those of LINE's OpenAPI files beside this repository (../shared/line-openapi), what
is played says the simulator's own table of endpoints. `--check` writes nothing and exits 1 if the
README is not what it would write.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from madoguchi_simulator import Channel, Simulator
from madoguchi_simulator.api import Api
from madoguchi_simulator.app import ENDPOINTS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "simulator" / "README.md"
OPENAPI = ROOT.parent / "shared" / "line-openapi"
FILES = ("messaging-api", "insight", "channel-access-token", "liff")
REGION = re.compile(r"(<!-- played -->\n).*?(<!-- end -->)", re.DOTALL)
METHODS = ("get", "post", "put", "delete")


def calls() -> Iterator[tuple[str, str]]:
    """Method and path of every operation that the files describe."""
    for file in FILES:
        paths = yaml.safe_load((OPENAPI / f"{file}.yml").read_text("utf-8"))["paths"]
        for path, methods in paths.items():
            yield from ((method.upper(), path) for method in METHODS if method in methods)


def write_table() -> str:
    """A row for each path that is played, and a sentence with the rest."""
    api = Api(Simulator(Channel()), ENDPOINTS)
    rows: dict[str, list[str]] = {}
    later: dict[str, None] = {}
    for method, path in calls():
        endpoint, _ = api.find(method, re.sub(r"{\w+}", "x", path))
        if endpoint.name == "later":
            later[path] = None
        else:
            rows.setdefault(path, []).append(f"`{method}` {endpoint.name}")
    lines = ["| call | `METHOD` and its name in fault rules |", "| --- | --- |"]
    lines += [f"| `{path}` | {', '.join(names)} |" for path, names in rows.items()]
    rest = ", ".join(f"`{path}`" for path in later)
    return "\n".join([*lines, "", f"Not played, they answer 501: {rest}.", ""])


def main() -> int:
    """Write the table, or compare it."""
    if not OPENAPI.is_dir():
        print(f"LINE's OpenAPI files are not in {OPENAPI}", file=sys.stderr)
        return 2
    before = README.read_text("utf-8")
    after = REGION.sub(lambda region: region[1] + write_table() + region[2], before)
    if "--check" in sys.argv[1:]:
        if after != before:
            print("simulator/README.md: run tools/played.py", file=sys.stderr)
        return int(after != before)
    README.write_text(after, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
