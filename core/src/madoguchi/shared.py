"""Files that pages of several plugins use, served once: `/{gateway}/madoguchi/static/…`."""

import hashlib
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"


@cache
def digest(name: str) -> str:
    """What a file's address ends in: new whenever the file is."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
