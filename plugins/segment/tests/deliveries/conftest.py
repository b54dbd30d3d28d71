"""An office with people in it, a database of each kind, and a LINE to send to."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from madoguchi import JST, migrations, residents
from madoguchi.clock import Clock
from madoguchi.store import open_store
from madoguchi_segment.deliveries import approving, drafts, work
from madoguchi_segment.deliveries.sending import Office, send_due
from madoguchi_segment.models import MODELS

ALL = {"segment.write", "segment.approve", "segment.send_emergency"}
SETS = (migrations.CORE, migrations.MigrationSet("segment", MODELS.metadata, MODELS.migrations))


@dataclass(frozen=True)
class Person:
    """A staff member, as the console hands one over."""

    id: str
    name: str
    may: dict[str, set[str]] = field(default_factory=lambda: {"広報課": ALL})

    def permissions(self, section):
        return self.may.get(section, set())


WRITER = Person("1", "書いた人")
BOSS = Person("2", "課長")
OTHER = Person("3", "広報の人")
PLAIN = Person("9", "見るだけの人", {})
TEXT = {"ja": [{"type": "text", "text": "図書館からのお知らせです。"}]}


class Desk:
    """The domain on a database, with a clock that stands still until it is moved."""

    def __init__(self, loop_thread, store, clock):
        self.thread, self.store, self.clock = loop_thread, store, clock

    @property
    def now(self):
        return self.clock.now()

    def at(self, year, month, day, hour=10, minute=0):
        """Set the clock, in Japan's time."""
        wanted = datetime(year, month, day, hour, minute, tzinfo=JST)
        self.clock.move(wanted.timestamp() - self.clock.time())
        return self.now

    def write(self, fn, *args, **named):
        return self.thread.run(self.store.write(fn, *args, **named), 120)

    def read(self, fn, *args, **named):
        return self.thread.run(self.store.read(fn, *args, **named), 120)

    def friends(self, count, language=None, start=0):
        ids = [f"U{n:032x}" for n in range(start, start + count)]
        self.write(residents.take_in, ids, datetime.now(UTC))
        rows = self.thread.run(self.store.fetch("SELECT id, line_id FROM resident"))
        theirs = {line_id: number for number, line_id in rows}
        numbers = [theirs[one] for one in ids]
        for number in numbers if language else ():
            self.write(residents.set_language, number, language)
        return numbers

    def office(self, **named):
        named.setdefault("audience", work.Everyone())
        return Office(read=self.store.read, write=self.store.write, **named)

    def tick(self, **named):
        self.thread.run(send_due(self.office(**named), self.now), 120)

    def draft(self, who=WRITER, **fields):
        values = {
            "title": "図書館",
            "content": TEXT,
            "condition": {"everyone": True},
            "timing": {"every": "once"},
            **fields,
        }
        return self.write(drafts.create, who, "広報課", self.now, **values)

    def see(self, who, one):
        self.write(approving.note_preview, who, one.id, one.version, self.now)

    def ask(self, one, who=WRITER):
        self.see(who, one)
        return self.write(approving.request, who, one.id, one.version, self.now)

    def approve(self, one, who=BOSS, count=3, **named):
        self.see(who, one)
        return self.write(approving.approve, who, one.id, one.version, count, self.now, **named)

    def approved(self, count=3, **fields):
        typed = str(count) if count >= 1000 else None
        return self.approve(self.ask(self.draft(**fields)), count=count, typed=typed)

    def reserve(self, one, who=WRITER):
        return self.write(approving.schedule, who, one.id, one.version, self.now)

    def reserved(self, count=3, **fields):
        return self.reserve(self.approved(count, **fields))


@pytest.fixture
def desk(database, tmp_path, loop_thread):
    clock = Clock(tmp_path / "clock")
    key = "url" if isinstance(database, str) else "path"
    loop_thread.run(migrations.migrate(database, SETS), 120)

    async def make():
        store = open_store(**{key: database}, clock=clock)
        await store.start()
        return store

    store = loop_thread.run(make())
    made = Desk(loop_thread, store, clock)
    made.at(2027, 4, 6)
    yield made
    loop_thread.run(store.close())


def say_yes(desk):
    """LINE takes everything that is due."""
    from madoguchi import ledger
    from madoguchi.answers import Answer, Outcome

    for channel in ("live", "drill"):
        for kind in ("multicast", "broadcast"):
            now = desk.clock.time()
            taken = desk.write(ledger.step, channel, now, [], kind, 1000)
            yes = Answer(Outcome.ACCEPTED, 200)
            settled = [ledger.Settled(one, yes, now) for one in taken]
            desk.write(ledger.step, channel, now, settled, kind, 0)
        desk.write(ledger.finish, channel, desk.clock.time())
