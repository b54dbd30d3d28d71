"""Databases with the tables of the core and of this plugin, and what is asked in them."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from madoguchi import Criteria, migrations
from madoguchi.forms.profile import write_profile
from madoguchi.tables import resident
from madoguchi_segment.criteria import build_audiences, build_fields
from madoguchi_segment.models import MODELS
from madoguchi_segment.settings import Settings

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
"""Noon in Tokyo."""
OURS = migrations.MigrationSet("segment", MODELS.metadata, MODELS.migrations)
SETTINGS = Settings.model_validate(
    {
        "topics": [
            {"id": "city", "label": "市から"},
            {"id": "garbage", "label": "ごみ"},
            {"id": "trash", "label": "くず", "into": "garbage"},
            {"id": "old", "label": "旧", "retired": True},
        ],
        "areas": [
            {"id": "honcho", "label": "本町", "school": "本町小"},
            {"id": "ekimae", "label": "駅前", "school": "本町小"},
            {"id": "minami", "label": "南町", "school": "南小"},
            {"id": "mura", "label": "村", "retired": True},
        ],
    }
)


def criteria_of(settings):
    """What can be asked under these settings."""
    return Criteria(
        {f"segment/{one.name}": one for one in build_fields(settings)},
        {f"segment/{one.name}": one for one in build_audiences()},
    )


@pytest.fixture
def criteria():
    return criteria_of(SETTINGS)


class Place:
    """A database, used synchronously."""

    def __init__(self, store, runner):
        self.store, self._runner = store, runner

    def read(self, fn, *args):
        return self._runner.run(self.store.read(fn, *args))

    def write(self, fn, *args):
        return self._runner.run(self.store.write(fn, *args))

    def run(self, work):
        return self._runner.run(work)

    def add(self, number, **about):
        """A resident with this number, and their answers to our questions."""
        self.write(lambda db: self.add_in(db, number, **about))

    def add_in(self, db, number, follows=True, language=None, followed_at=None, at=NOW, **answers):
        """The same, inside of a unit."""
        row = {"id": number, "line_id": f"U{number}", "follows": follows, "language": language}
        db.execute(insert(resident).values(**row, first_seen=at, followed_at=followed_at))
        write_profile(db, number, "segment", answers, at)


@pytest.fixture
def place(opened):
    """An open database with everything in it."""
    with asyncio.Runner() as runner:
        store = opened()
        runner.run(store.start())
        runner.run(migrations.migrate(store, [migrations.CORE, OURS]))
        yield Place(store, runner)
        runner.run(store.close())
