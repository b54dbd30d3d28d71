"""What crosses a hook: frozen dataclasses, nothing that does anything."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from madoguchi.schedules import Daily, Every


class Fit(IntEnum):
    """How specific an offer's match is. A higher fit beats a lower one, whatever the scores."""

    SEARCH = 1
    """Found by searching; the score says how likely it is what was meant."""
    PATTERN = 2
    """The text has a form that only this plugin understands, such as a receipt number."""
    EXACT = 3
    """The text is this plugin's own word, whole."""


class _Pass:
    """The type of `PASS`."""

    def __repr__(self) -> str:
        return "PASS"


PASS: Final = _Pass()
"""What a handler returns when it finds that it cannot answer after all: the next offer is tried."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A plugin's bid to answer a message.

    `handler(ctx)` is called if the offer wins and returns the reply; `label` names the offer to
    residents when they are asked which was meant (at most 20 characters are shown); `score` is the
    chance, 0 to 1, that this is what was meant, and counts within `Fit.SEARCH` only; `data` is
    handed to the handler as `ctx.offer.data`.
    """

    handler: Callable[..., Any]
    fit: Fit
    label: str
    score: float = 1.0
    data: Any = None

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise ValueError(f"an offer's score is a chance from 0 to 1, not {self.score!r}")
        if not callable(self.handler):
            raise TypeError(f"an offer's handler is a function, not {self.handler!r}")
        if not isinstance(self.fit, Fit):
            raise TypeError(f"an offer's fit is one of Fit, not {self.fit!r}")
        if not isinstance(self.label, str) or not self.label:
            raise TypeError(f"an offer's label is a text that residents read, not {self.label!r}")


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook event: what every event has in common, and the whole of it as `raw`.

    Fields that LINE left out, or that have an unexpected type, are None (R6, R11).
    """

    id: str
    type: str
    at: datetime
    """When it happened, UTC; also for a redelivered event (R9)."""
    source: str | None
    """`user`, `group`, `room`, or whatever LINE invents next."""
    user_id: str | None
    reply_token: str | None
    mode: str
    message: Mapping[str, Any] | None
    redelivered: bool
    raw: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The text of a text message as it was typed; empty for everything else."""
        message = self.message
        if message is None or message.get("type") != "text":
            return ""
        text = message.get("text")
        return text if isinstance(text, str) else ""

    @classmethod
    def from_raw(cls, event_id: str, raw: Mapping[str, Any], received: float) -> "Event":
        """Read an event of any shape; `received` (seconds) stands in for a missing time."""
        source = raw.get("source")
        source = source if isinstance(source, Mapping) else {}
        message = raw.get("message")
        context = raw.get("deliveryContext")
        stamp = raw.get("timestamp")
        if not isinstance(stamp, int | float) or not 0 < stamp < 1e14:
            stamp = received * 1000
        return cls(
            id=event_id,
            type=_text(raw.get("type")) or "",
            at=datetime.fromtimestamp(stamp / 1000, UTC),
            source=_text(source.get("type")),
            user_id=_id(source.get("userId")),
            reply_token=_text(raw.get("replyToken")),
            mode="active" if raw.get("mode") is None else _text(raw["mode"]) or "unknown",
            message=message if isinstance(message, Mapping) else None,
            redelivered=isinstance(context, Mapping) and context.get("isRedelivery") is True,
            raw=raw,
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and value.isprintable() else None


def _id(value: object) -> str | None:
    """A LINE id: only what can stand in an address; anything else is nobody."""
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]+", value) else None


@dataclass(frozen=True, slots=True)
class Resident:
    """A LINE user of this account, by our own number: plugins never need the LINE id."""

    id: int
    follows: bool
    language: str | None = None


@dataclass(frozen=True, slots=True)
class City:
    """What residents may know of their city, from the `[city]` table of its file."""

    gateway: str
    label: str
    phone: str
    hours: str
    site: str | None = None
    public_url: str | None = None
    """Where the pages are; every link is built from it, never from a request's Host header."""
    liff: tuple[str, ...] = ()
    """LIFF ids under which LINE opens the residents' pages."""
    platform: str | None = None
    """The simulator's address where it stands in for LINE; None is LINE itself."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A tile of the menu: it says something for the resident, or opens one of the pages.

    `MenuItem("図書館", says="図書館")`, `MenuItem("受け取り設定", page="form/segment/settings")`.
    """

    label: str | Mapping[str, str]
    """At most 20 characters are shown, in each language."""
    says: str | None = None
    page: str | None = None
    """See `Context.liff_url`; without such pages the item is left out."""
    icon: str | None = None
    """The sign on the tile: bell, bin, book, calendar, camera, chat, globe, list, page or phone."""

    def __post_init__(self) -> None:
        if (self.says is None) == (self.page is None):
            raise TypeError(f"the menu item {self.label!r} needs either says= or page=")


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """What a plugin is, for staff: a label, one sentence, and the data it keeps and why."""

    label: str
    summary: str
    keeps: Mapping[str, str] = field(default_factory=dict)
    """`{"what is kept": "why, and for how long"}`."""
    forgets: Sequence["ForgetRows | ForgetBirthdates"] = ()
    """What of it is forgotten by itself, and when."""
    audit_words: Mapping[str, str] = field(default_factory=dict)
    """How the audit log reads what the plugin writes there: actions (`"shelf.keep": "記録した"`),
    kinds of objects, names and values of details. What has the word "" is not shown."""


@dataclass(frozen=True, slots=True)
class ForgetRows:
    """Rows of a table of the plugin's own are deleted when they are so old.

    `ForgetRows("words", "words that were looked up", word.c.at, days=30)`: `column` is one of
    `UTCDateTime`, in a table whose primary key is one column.
    """

    name: str
    what: str
    column: Any
    days: int


@dataclass(frozen=True, slots=True)
class ForgetBirthdates:
    """Children leave a resident's profile when they are so old.

    `ForgetBirthdates("children", "children's birthdates", part="born")`: the profile field `name`
    of this plugin is a list of tables, of which `part` is the birthdate.
    """

    name: str
    what: str
    part: str
    years: int = 18


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that is kept about a resident, for their export: titles and labels in Japanese."""

    title: str
    values: Mapping[str, Any]
    """Label → a value for JSON."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """File name → content."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """Label → what people read instead of the value; "" leaves it out."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What has to stay although a resident is erased."""

    what: str
    ground: str
    """The legal ground, as it is told to the resident."""
    until: date


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of a plugin's data about a resident: what was deleted, how often; what stays."""

    deleted: Mapping[str, int] = field(default_factory=dict)
    kept: Sequence[Kept] = ()


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a change of settings means for residents: a sentence that staff read."""

    says: str
    at: str = ""
    """Where the change stands, as `madoguchi settings` shows it: `rows`, `topics "disaster"`."""
    refused: bool = False
    """The settings stay as they are; the sentence says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Models:
    """A plugin's tables: SQLAlchemy metadata, and the folder of its Alembic versions.

    Every table's name starts with the plugin's name.
    """

    metadata: Any
    migrations: Path


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that staff may be allowed to do: `Permission("segment.write", "配信を作成でき")`.

    `name` begins with the plugin's name. `label` is the middle of a sentence that staff read:
    「子育て課の3人が**配信を作成でき**、2人が**配信を承認できます**」; so it ends in 「でき」.
    """

    name: str
    label: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*\.[a-z][a-z0-9_]*", self.name):
            raise ValueError(f'a permission is called "plugin.verb", not {self.name!r}')
        if not self.label.endswith("でき"):
            raise ValueError(f"the label {self.label!r} has to end in でき: 配信を作成でき")


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page for everybody at `/{gateway}/{plugin}{path}`; `endpoint(request)` is Starlette's.

    `request.state.page` is a `PageContext`: config, store and templates of the plugin.
    """

    path: str
    endpoint: Callable[..., Any]
    methods: tuple[str, ...] = ("GET",)


@dataclass(frozen=True, slots=True)
class Mount:
    """An ASGI application of the plugin's own, at `/{gateway}/{plugin}{path}`."""

    path: str
    app: Any


@dataclass(frozen=True, slots=True)
class Job:
    """Work at set times: `Job("remind", Daily("19:00"), remind)`. `run(job)` gets a `JobContext`.

    Of several workers one runs it. It may be run again for the same time after a crash.
    """

    name: str
    schedule: Daily | Every
    run: Callable[..., Any]
    """Best `async def`; a plain function runs in one of the plugin's threads and cannot write."""
    limit: float = 60.0
    """Seconds that a run may take."""
    catch_up: timedelta | None = None
    """How late a run may still begin after a standstill; None: however late."""

    def __post_init__(self) -> None:
        if not isinstance(self.schedule, Daily | Every):
            raise TypeError(f"a job's schedule is Daily or Every, not {self.schedule!r}")
        if not callable(self.run):
            raise TypeError(f"a job's run is a function, not {self.run!r}")
        if not 0 < self.limit <= 6 * 3600:
            raise ValueError(f"a job's limit is in seconds, at most six hours, not {self.limit!r}")
