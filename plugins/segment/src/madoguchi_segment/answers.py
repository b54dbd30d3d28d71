"""What residents have answered: stored as ids, read as they count now."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from madoguchi.forms.profile import read_profile, write_profile
from madoguchi_segment.items import as_of_now, find, keep_retired
from madoguchi_segment.settings import Settings

OWNER = "segment"


def read_answers(db: Session, resident_id: int, settings: Settings) -> dict[str, Any]:
    """A resident's answers by row, as they count now; what was never answered is not there.

    `school` is not asked: it follows from the area.
    """
    stored = read_profile(db, resident_id, OWNER)
    return as_they_count(stored, settings)


def as_they_count(stored: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Stored answers after what was merged; a retired area or age is no answer any more."""
    answers = dict(stored)
    if "topics" in stored:
        answers["topics"] = as_of_now(settings.topics, stored["topics"])
    for row, items in (("area", settings.areas), ("age", settings.ages)):
        if row in stored:
            item = find(items, stored[row])
            answers.pop(row)
            if item is not None and item.is_offered:
                answers[row] = item.id
    answers.pop("school", None)
    area = find(settings.areas, answers["area"]) if "area" in answers else None
    if area is not None and area.school:
        answers["school"] = area.school
    return answers


def save_answers(db: Session, submission: Any, settings: Settings) -> None:
    """Store what was just changed. Topics that ended stay: nobody could choose them again."""
    changed = dict(submission.answers)
    if "topics" in changed:
        before = read_profile(db, submission.resident.id, OWNER).get("topics", ())
        changed["topics"] = keep_retired(settings.topics, before, changed["topics"] or ())
    if changed.get("children") == []:
        changed["children"] = None
    write_profile(db, submission.resident.id, OWNER, changed, submission.at)
