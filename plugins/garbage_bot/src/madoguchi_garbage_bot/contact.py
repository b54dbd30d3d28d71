"""Whom to ask: the section that knows, its number and its hours."""

from dataclasses import dataclass
from typing import Any

from madoguchi import City
from madoguchi_garbage_bot.config import GarbageConfig


@dataclass(frozen=True, slots=True)
class Contact:
    """The section, or the city itself."""

    who: str
    phone: str
    hours: str

    @property
    def dial(self) -> str | None:
        """The address that dials; None if the number cannot be dialled."""
        number = "".join(one for one in self.phone if one in "+0123456789")
        return f"tel:{number}" if number else None


def find_contact(config: GarbageConfig, city: City) -> Contact:
    """What the city's file says, the city's own where it says nothing."""
    return Contact(
        config.section or city.label, config.phone or city.phone, config.hours or city.hours
    )


def tell_contact(contact: Contact, say: Any) -> str:
    """In one or two lines."""
    return f"{say(contact.who)} {contact.phone}\n{say(contact.hours)}".strip()
