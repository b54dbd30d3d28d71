"""How a process logs: seen from outside, as whoever reads its standard error sees it."""

import subprocess
import sys

PROGRAM = """
import logging, sys, os
from madoguchi import logs
logs.configure("INFO")
log = logging.getLogger("test")
{}
"""


def stderr_of(body: str) -> list[str]:
    """What the program has written when it is killed at its end."""
    program = PROGRAM.format(body) + "os.kill(os.getpid(), 9)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return [line.partition(" ")[2].partition(" ")[2] for line in ended.stderr.splitlines()]


def test_a_warning_is_written_at_once_behind_what_came_before_it() -> None:
    assert stderr_of('log.info("one"); log.debug("no"); log.warning("two"); log.info("three")') == [
        "INFO one",
        "WARNING two",
    ]


def test_lines_are_written_with_the_next_flush() -> None:
    assert stderr_of('log.info("one"); log.info("two"); logs.flush(); log.info("three")') == [
        "INFO one",
        "INFO two",
    ]


def test_lines_do_not_pile_up() -> None:
    written = stderr_of('[log.info("line %d", n) for n in range(logs.MOST + 1)]')
    assert written == [f"INFO line {n}" for n in range(100)]


def test_a_process_that_ends_has_written_all() -> None:
    program = PROGRAM.format('log.info("the last")')
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stderr.endswith("INFO the last\n")
