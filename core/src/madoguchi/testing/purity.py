"""Watch code that has to touch nothing: files, network, processes and waiting are refused.

Python tells an audit hook before it does any of that. A hook cannot be taken out again, so there
is one for the process, which looks only where `refuse_io` is at work: in that thread, meanwhile.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

REFUSED = (
    *("open", "socket.", "sqlite3.connect", "subprocess.", "os.system", "os.exec", "os.fork"),
    *("os.posix_spawn", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename"),
    *("os.rmdir", "os.truncate", "tempfile.", "shutil.", "glob.", "urllib.", "time.sleep"),
)
"""How the names of refused audit events begin."""

_watched = threading.local()
_installed = threading.Lock()


class Refused(RuntimeError):
    """The watched code tried to touch something outside of itself."""


@contextmanager
def refuse_io() -> Iterator[list[str]]:
    """Refuse I/O of this thread; the list fills with what was tried, in words.

    Each try raises `Refused`; it is in the list even if the code catches that. Modules that are
    imported meanwhile may be read: a first import is slow, but it is not the code's own doing.
    """
    if _installed.acquire(blocking=False):  # taken once and never given back
        sys.addaudithook(_refuse)
    tried: list[str] = []
    _watched.tried = tried
    try:
        yield tried
    finally:
        _watched.tried = None


def _refuse(event: str, args: tuple[object, ...]) -> None:
    tried = getattr(_watched, "tried", None)
    if tried is None or not event.startswith(REFUSED) or _is_import():
        return
    what = f"{event} {args[0]!r}" if args and isinstance(args[0], str) else event
    tried.append(what)
    raise Refused(f"{what}: no I/O here")


def _is_import() -> bool:
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
