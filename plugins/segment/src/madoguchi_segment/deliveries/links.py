"""Links are counted in buttons only, in aggregate, and only under the city's own domain.

What stands in a text stays as it was typed, and an emergency's links are never rewritten: residents
are told to look at the address before they tap.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from madoguchi_segment.deliveries.states import Delivery
from madoguchi_segment.deliveries.tables import link

FEW = 20
"""Figures under this are not broken down."""

_MAKE = text(
    "INSERT INTO segment_link (token, delivery_id, language, label, url, taps)"
    " VALUES (:token, :delivery_id, :language, :label, :url, 0) ON CONFLICT DO NOTHING"
)


def base_for(public_url: str | None, site: str | None, path: str) -> str | None:
    """Under which address links may be counted: None unless `public_url` is the city's own domain.

    `path` is the page that counts and sends on, such as `/mihon/segment/go`.
    """
    ours, citys = _host(public_url), _host(site)
    if not ours or not citys or not (ours == citys or ours.endswith(f".{citys}")):
        return None
    return f"{(public_url or '').rstrip('/')}{path}"


def _host(url: str | None) -> str:
    return (urlsplit(url or "").hostname or "").removeprefix("www.")


def count_in(
    db: Session,
    delivery: Delivery,
    language: str,
    messages: list[dict[str, Any]],
    base: str | None,
) -> list[dict[str, Any]]:
    """The messages with their buttons' addresses exchanged for ones that count."""
    if base is None or delivery.emergency or delivery.channel == "drill":
        return messages

    def exchange(action: Mapping[str, Any]) -> dict[str, Any]:
        where = {
            "delivery_id": delivery.id,
            "language": language,
            "label": str(action.get("label") or action["uri"])[:100],
            "url": action["uri"],
        }
        db.execute(_MAKE, {**where, "token": secrets.token_urlsafe(8)})
        same = [link.c[name] == value for name, value in where.items()]
        return {**action, "uri": f"{base}/{db.scalar(select(link.c.token).where(*same))}"}

    return [_exchanged(message, exchange) for message in messages]


def _exchanged(value: Any, exchange: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(value, Mapping):
        if value.get("type") == "uri" and str(value.get("uri", "")).startswith("http"):
            return exchange(value)
        return {key: _exchanged(item, exchange) for key, item in value.items()}
    if isinstance(value, list):
        return [_exchanged(item, exchange) for item in value]
    return value


def count_tap(db: Session, token: str) -> str | None:
    """Where a button leads; the tap is counted, and nothing about who tapped. None: nowhere."""
    tapped = update(link).where(link.c.token == token).values(taps=link.c.taps + 1)
    return db.execute(tapped.returning(link.c.url)).scalar()


def taps(db: Session, delivery_id: int) -> dict[str, int | None]:
    """Taps by button, all languages together; None where there are fewer than 20."""
    found: dict[str, int] = {}
    rows = db.execute(select(link.c.label, link.c.taps).where(link.c.delivery_id == delivery_id))
    for label, count in rows:
        found[label] = found.get(label, 0) + count
    return {label: count if count >= FEW else None for label, count in found.items()}
