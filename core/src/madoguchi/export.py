"""Everything that is kept about a resident, as files for them: JSON, and a text to read."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from madoguchi.clock import JST
from madoguchi.kept import Kept, Voice, find_kept, in_japanese, lines
from madoguchi.privacy import Office, Person
from madoguchi.types import Record


@dataclass(frozen=True, slots=True)
class Export:
    """A resident's data as files, and whose part is missing because it failed: name → reason."""

    files: Mapping[str, bytes]
    failed: Mapping[str, str]


async def export(office: Office, person: Person, say: Voice | None = None) -> Export:
    """Everything the core and the plugins hold about a resident, in Japanese unless told so."""
    say = say or in_japanese()
    kept = await find_kept(office, person, say)
    return Export(to_files(office, person, kept, say), kept.failed)


def to_files(office: Office, person: Person, kept: Kept, say: Voice) -> dict[str, bytes]:
    """The files of an export."""
    now = office.now()
    table = {
        "gateway": office.gateway.name,
        "resident": person.resident.id,
        "made": now.astimezone(JST).isoformat(timespec="seconds"),
        "data": {
            part.owner: [
                {"title": record.title, **record.values}
                for group in part.groups
                for record in group.records
            ]
            for part in kept.parts
        },
        "missing": dict(kept.failed),
    }
    city = say(office.gateway.settings.city.label)
    text = [say("{city}のLINEでお預かりしている情報", city=city), say.time(now), ""]
    for part in kept.parts:
        text += [f"■ {part.label}", ""]
        records = [record for group in part.groups for record in group.records]
        text += [line for record in records for line in _text(record)]
    labels = {name: plugin.info.label for name, plugin in office.plugins.all.items()}
    for owner in kept.failed:
        label = say(labels.get(owner, owner))
        text.append(say("※ {label}の情報は、いま取り出せませんでした。", label=label))
    files = {
        "export.json": json.dumps(table, ensure_ascii=False, indent=1, default=str).encode(),
        "export.txt": "\n".join(text).encode(),
    }
    for part in kept.parts:
        for group in part.groups:
            for record in group.records:
                files |= _files(part.owner, record)
    return files


def _files(owner: str, record: Record) -> dict[str, bytes]:
    return {f"files/{owner}/{_name(name)}": bytes(data) for name, data in record.files.items()}


def _text(record: Record) -> Iterable[str]:
    yield record.title
    for label, text in lines(record):
        yield f"  {label}: {text}"
    yield ""


def _name(name: str) -> str:
    """A file name that stays in its folder."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".") or "file"
