"""What processes keep in memory and others may change: a count for each, looked at all the time."""

from sqlalchemy import text
from sqlalchemy.orm import Session

SETTINGS = "settings"
"""The name under which changes of settings are counted."""
COUNTS = "SELECT owner, name, times FROM change"

_COUNT = text(
    "INSERT INTO change (owner, name, times) VALUES (:owner, :name, 1)"
    " ON CONFLICT (owner, name) DO UPDATE SET times = change.times + 1"
)


def note_change(db: Session, owner: str, name: str) -> None:
    """Count a change, inside the unit that makes it."""
    db.execute(_COUNT, {"owner": owner, "name": name})
