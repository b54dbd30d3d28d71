"""What Alembic runs for every owner; `madoguchi.migrations` fills the attributes."""

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], **given["options"])
with context.begin_transaction():
    context.run_migrations()
