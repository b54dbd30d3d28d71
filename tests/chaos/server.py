"""A PostgreSQL server of a test's own, in a folder of its own, which may be stopped at any time."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from .conftest import free_port

USER = "postgres"


class PostgreSQL:
    """Within `with` it runs; as root, as the user `postgres`, for it refuses to run as root."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
        self._port = free_port()
        self.url = f"postgresql://{USER}@127.0.0.1:{self._port}/postgres"

    @classmethod
    def find(cls) -> Self | None:
        """The newest on this machine; None: there is none that could be started."""
        homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parent.name)
        found = shutil.which("pg_ctl")
        homes += [Path(found).parent] if found else []
        homes = [home for home in homes if (home / "initdb").exists()]
        if not homes or (os.geteuid() == 0 and not _can_be_postgres()):
            return None
        return cls(homes[-1])

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="madoguchi-postgresql-"))
        if self._as_user:
            shutil.chown(self._folder, USER)
        options = ["-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", *options)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")
        shutil.rmtree(self._folder)

    def restart(self) -> None:
        """Stop it at once, as if it had crashed, and start it: it recovers from its log."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")
        self._start()

    def _start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder}"
        self._run("pg_ctl", "start", "-w", "-l", str(self._folder / "log"), "-o", options)

    def _run(self, program: str, *options: str) -> None:
        command = [*self._as_user, str(self._programs / program), "-D", str(self._folder / "data")]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, cwd="/")


def _can_be_postgres() -> bool:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return shutil.which("runuser") is not None
