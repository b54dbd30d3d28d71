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
    console,
    day_chat,
    day_pages,
    day_rows,
    day_tables,
    item_pages,
    knowledge,
    models,
    questions,
    reminding,
    telling,
)
from madoguchi_garbage_bot.config import GarbageConfig


@hookimpl
def plugin_info():
    """What it is, and what it keeps."""
    return PluginInfo(
        "ごみの分け方",
        "ごみの分け方と出し方をしらべます。",
        keeps={
            **day_rows.KEEPS,
            "答えられなかった、ごみの質問の文": (
                "答えられるようにするため。だれの質問かは、残さない。90日"
            ),
            "「わかったら教えて」とたのんだ質問": "答えを知らせるため。知らせるまで、長くて90日",
        },
        forgets=[
            ForgetRows("asked", day_rows.ASKED, day_tables.asked.c.at, days=1),
            ForgetRows(
                "questions", "答えられなかった、ごみの質問", questions.question.c.at, days=90
            ),
        ],
        audit_words={**day_rows.AUDIT_WORDS, **console.AUDIT_WORDS},
    )


@hookimpl
def config_model():
    """Where the list and the calendar lie, and how the list calls its columns."""
    return GarbageConfig


@hookimpl
def register_models():
    """Areas and reminders; questions without an answer, uploaded lists, what staff add."""
    return models.MODELS


@hookimpl
def register_jobs():
    """Reminders that are due; whose message a question was, once it cannot be taken back."""
    return [
        Job("remind", Every(minutes=5), reminding.remind, limit=240),
        Job("forget_keys", Every(minutes=60), telling.forget_keys),
    ]


@hookimpl
def register_permissions():
    """What somebody may do in a section."""
    return [  # nosay
        *console.build_permissions(),
        Permission("garbage_bot.reminders", "ごみの日の通知を見て、止めることができ"),
    ]


@hookimpl
def register_menu_items():
    """How to ask, and the month."""
    return [
        MenuItem(answering.TITLE, says=answering.TITLE, icon="bin"),
        MenuItem("ごみの日", page="garbage_bot/month", icon="calendar"),
    ]


@hookimpl
def register_pages():
    """The list and its things, the month, the choice of an area, reminders; what staff do."""
    return [*item_pages.build_pages(), *day_pages.build_pages(), *console.build_pages()]


@hookimpl
def export_personal_data(db, resident):
    """The area, when somebody is reminded, and of what they want to be told."""
    return [*day_rows.export(db, resident.id), *telling.export_rows(db, resident.id)]


@hookimpl
def erase_personal_data(db, resident):
    """The same."""
    rest = telling.erase_rows(db, resident.id)
    return Erased({**day_rows.erase(db, resident.id), **rest.deleted})


@hookimpl
def register_postbacks():
    """The buttons of answers, and who wants to know."""
    return {**answering.POSTBACKS, **day_chat.POSTBACKS, "tell": telling.promise}


@hookimpl
async def on_unsend(ctx, message_id):
    """Its question goes; the one that waits for an area may be what was taken back, too."""

    def save(db):
        questions.take_back(db, ctx.message_key(message_id))
        if ctx.resident is not None:
            areas.end_asking(db, ctx.resident.id)

    await ctx.write(save)


@hookimpl
async def on_change(plugin, name):
    """Staff switched to another list, or added something."""
    await knowledge.renew(plugin)


@hookimpl
@asynccontextmanager
async def lifespan(plugin):
    """The list and the calendar are read; the list again when staff change it."""
    plugin.state = await knowledge.load(plugin)
    yield


@hookimpl
def offer_for_message(ctx, message, text):
    """Names of things, however they are written; collection days, and where somebody lives."""
    days = ctx.plugin.state.days
    if bid := day_chat.offer(days, text):
        return bid
    return area_chat.offer(days, message, text, answering.offer(ctx, text))
