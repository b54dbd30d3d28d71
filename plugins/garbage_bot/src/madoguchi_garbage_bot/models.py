"""The tables of this package and their migrations."""

from pathlib import Path

from madoguchi import Models
from madoguchi_garbage_bot import additions, day_tables, lists, questions, schema

TABLES = (
    day_tables.area,
    day_tables.asked,
    day_tables.reminder,
    day_tables.reminded,
    day_tables.stopped,
    questions.question,
    questions.teller,
    questions.week,
    lists.list_,
    additions.addition,
)
MODELS = Models(schema.metadata, Path(__file__).parent / "migrations")
