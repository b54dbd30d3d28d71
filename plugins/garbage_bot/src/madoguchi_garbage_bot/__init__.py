"""ごみの分け方: residents ask what goes where, and when it is collected."""

from contextlib import asynccontextmanager

from madoguchi import (
    Erased,
    Every,
    ForgetRows,
    Job,
    MenuItem,
    Permission,
    PluginInfo,
    hookimpl,
)
from madoguchi_garbage_bot import (
    answering,
    area_chat,
    areas,
    day_chat,
    day_pages,
    day_rows,
    day_tables,
    knowledge,
    models,
    reminding,
)
from madoguchi_garbage_bot.config import GarbageConfig


@hookimpl
def plugin_info():
    """What it is, and what it keeps."""
    return PluginInfo(
        "ごみの分け方",
        "ごみの分け方と出し方をしらべます。",
        keeps={**day_rows.KEEPS},
        forgets=[ForgetRows("asked", day_rows.ASKED, day_tables.asked.c.at, days=1)],
        audit_words={**day_rows.AUDIT_WORDS},
    )


@hookimpl
def config_model():
    """Where the list and the calendar lie, and how the list calls its columns."""
    return GarbageConfig


@hookimpl
def register_models():
    """Areas and reminders."""
    return models.MODELS


@hookimpl
def register_jobs():
    """Reminders that are due."""
    return [Job("remind", Every(minutes=5), reminding.remind, limit=240)]


@hookimpl
def register_permissions():
    """What somebody may do in a section."""
    return [Permission("garbage_bot.reminders", "ごみの日の通知を見て、止めることができ")]  # nosay


@hookimpl
def register_menu_items():
    """The month."""
    return [MenuItem("ごみの日", page="garbage_bot/month", icon="calendar")]


@hookimpl
def register_pages():
    """The month, the choice of an area, reminders; what staff see of them."""
    return [*day_pages.build_pages()]


@hookimpl
def export_personal_data(db, resident):
    """The area, and when somebody is reminded."""
    return [*day_rows.export(db, resident.id)]


@hookimpl
def erase_personal_data(db, resident):
    """The same."""
    return Erased({**day_rows.erase(db, resident.id)})


@hookimpl
def register_postbacks():
    """The buttons of answers."""
    return {**day_chat.POSTBACKS}


@hookimpl
async def on_unsend(ctx):
    """The question that waits for an area may be what was taken back."""
    if ctx.resident is not None:
        await ctx.write(areas.end_asking, ctx.resident.id)


@hookimpl
@asynccontextmanager
async def lifespan(plugin):
    """The list and the calendar are read once."""
    plugin.state = await knowledge.load(plugin)
    yield


@hookimpl
def offer_for_message(ctx, message, text):
    """Names of things, however they are written; collection days, and where somebody lives."""
    known = ctx.plugin.state
    if bid := day_chat.offer(known.days, text):
        return bid
    return area_chat.offer(known.days, message, text, answering.offer(known.search, text))
