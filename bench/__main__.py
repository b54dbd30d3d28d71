"""`python -m bench NAME…`: measure, print, and with `--record` keep what was found."""

import argparse
import importlib
import sys

from bench.machine import Cores
from bench.report import Report
from bench.settings import Settings

BENCHES = ("webhook", "chat", "isolation", "start", "page", "audience", "delivery", "garbage")


def main() -> None:
    """Run what was asked for."""
    if sys.platform != "linux":
        raise SystemExit("the benches pin processes to cores and read /proc: they need Linux")
    asked = parser().parse_args()
    names = BENCHES if "all" in asked.names else tuple(asked.names)
    settings = Settings(Cores.pick(), asked.quick, asked.database_url)
    for name in names:
        report = Report(name)
        print(f"## {name}\n", flush=True)
        importlib.import_module(f"bench.{name}").run(settings, report)
        if asked.record:
            report.record()
        report.finish()


def parser() -> argparse.ArgumentParser:
    """The options of `./run bench`."""
    options = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    options.add_argument("names", nargs="+", choices=[*BENCHES, "all"], metavar="NAME")
    options.add_argument("--record", action="store_true", help="write docs/performance.md")
    options.add_argument("--quick", action="store_true", help="a small run: does it work at all?")
    options.add_argument(
        "--database-url",
        help="measure PostgreSQL, too: a URL like postgresql://user@host:5432/postgres of somebody"
        " who may create databases",
    )
    return options


if __name__ == "__main__":
    main()
