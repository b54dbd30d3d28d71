# nosay: what is said here, staff read
"""Texts that a section keeps, with `{names}` to fill in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from madoguchi.audit import audit
from madoguchi_segment.deliveries import states, wording
from madoguchi_segment.deliveries.drafts import WRITE
from madoguchi_segment.deliveries.states import Officer, Refused
from madoguchi_segment.deliveries.tables import template


@dataclass(frozen=True, slots=True)
class Template:
    """A template of a section."""

    id: int
    section: str
    name: str
    content: Mapping[str, list[dict[str, Any]]]

    @property
    def names(self) -> list[str]:
        """What has to be filled in."""
        return sorted(wording.names_in(self.content))

    def fill(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The content for a draft. `Refused` names what was not filled in."""
        return wording.fill(self.content, values)


def save(
    db: Session, who: Officer, section: str, name: str, content: Mapping[str, Any], now: datetime
) -> Template:
    """Keep a template; one of the same name is replaced."""
    states.require(who, WRITE, section)
    if not name.strip() or not content.get("ja"):
        raise Refused("template", "名前と、日本語の文を書いてください。")
    same = (template.c.section == section) & (template.c.name == name)
    db.execute(delete(template).where(same))
    number = db.execute(
        insert(template)
        .values(section=section, name=name, content=dict(content), changed=now)
        .returning(template.c.id)
    ).scalar_one()
    audit(db, states.actor_of(who), "delivery.template", f"template:{number}", {"name": name})
    return Template(number, section, name, dict(content))


def find_all(db: Session, section: str) -> list[Template]:
    """A section's templates by name."""
    columns = [template.c[name] for name in Template.__dataclass_fields__]
    rows = db.execute(
        select(*columns).where(template.c.section == section).order_by(template.c.name)
    )
    return [Template(*row) for row in rows]


def remove(db: Session, who: Officer, section: str, number: int) -> None:
    """Throw a template away."""
    states.require(who, WRITE, section)
    theirs = (template.c.id == number) & (template.c.section == section)
    db.execute(delete(template).where(theirs))
    audit(db, states.actor_of(who), "delivery.template.remove", f"template:{number}")
