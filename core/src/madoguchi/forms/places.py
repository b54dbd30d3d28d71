"""A place: sent from the map, or its address typed."""

from dataclasses import dataclass
from typing import Any

from madoguchi.forms.asking import Asking, Control, Given, Mistake, Part
from madoguchi.forms.question import (
    Question,
    ask_text,
    item,
    label_of,
    leave_out,
    read,
    within_limits,
)
from madoguchi.reading import read_line


@dataclass(frozen=True, slots=True)
class Location(Question):
    """A place. Stored: `{lat, lon, address}`; without a map `lat` and `lon` are None."""

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """A button that opens the map; a typed address does as well."""
        label = asking.say("地図で選ぶ")
        hint = asking.say("地図で選ぶか、住所や目印を文字で送ってください。")
        return [ask_text(self, asking, hint, [item({"type": "location", "label": label})])]

    def page(self, asking: Asking) -> Control:
        """An address, and the point on the map if there is one."""
        given, value = asking.given, asking.value or {}
        if given is not None and given.place is not None:
            place = given.place
            value = {"lat": place.latitude, "lon": place.longitude, "address": place.address}
            given = None
        typed = {
            part: given.part(part) if given else str(value.get(part) or "")
            for part in ("address", "lat", "lon")
        }
        label = asking.say("住所や目印")
        return Control(
            "place",
            [
                Part("address", label, typed["address"], "off"),
                Part("lat", "", typed["lat"]),
                Part("lon", "", typed["lon"]),
            ],
        )

    def parse(self, given: Given, asking: Asking) -> dict[str, Any] | None:
        """The place, degrees with six decimals (a tenth of a metre)."""
        if given.is_empty:
            return leave_out(self)
        lat: float | None = None
        lon: float | None = None
        address = given.part("address") or given.text
        if given.place:
            lat, lon, address = given.place.latitude, given.place.longitude, given.place.address
        elif given.part("lat") and given.part("lon"):
            try:
                lat, lon = float(given.part("lat")), float(given.part("lon"))
            except ValueError as error:
                raise Mistake("地図の場所をもう一度選んでください。", "address") from error
        address = (
            read(read_line, within_limits(address), 200, part="address") if address.strip() else ""
        )
        if lat is None or lon is None:
            if not address:
                raise Mistake("地図で選ぶか、住所や目印を入れてください。", "address")
            return {"lat": None, "lon": None, "address": address}
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            raise Mistake("地図の場所をもう一度選んでください。", "address")
        return {"lat": round(lat, 6), "lon": round(lon, 6), "address": address}

    def show(self, value: Any, asking: Asking) -> str:
        """The address; without one, that the map knows it."""
        if not value:
            return ""
        return value["address"] or asking.say("地図で選んだ場所")

    def columns(self, value: Any, asking: Asking) -> dict[str, str]:
        """Address, latitude and longitude."""
        value, heading = value or {}, label_of(self, asking)
        return {
            heading: value.get("address", ""),
            f"{heading}：{asking.say('緯度')}": str(value.get("lat") or ""),
            f"{heading}：{asking.say('経度')}": str(value.get("lon") or ""),
        }
