"""All tables of the plugin, and the folder of their migrations."""

from pathlib import Path

from madoguchi import Models
from madoguchi_garbage_bot import additions, lists, questions, schema

TABLES = (questions.question, questions.teller, questions.week, lists.list_, additions.addition)
MODELS = Models(schema.metadata, Path(__file__).parent / "migrations")
