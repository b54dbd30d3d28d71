"""ごみの分け方: residents ask what goes where, and when it is collected."""

from contextlib import asynccontextmanager

from madoguchi import Every, ForgetRows, Job, PluginInfo, hookimpl
from madoguchi_garbage_bot import answering, console, knowledge, models, questions, telling
from madoguchi_garbage_bot.config import GarbageConfig


@hookimpl
def plugin_info():
    """What it is, and what it keeps."""
    return PluginInfo(
        "ごみの分け方",
        "ごみの分け方と出し方をしらべます。",
        keeps={
            "答えられなかった、ごみの質問の文": (
                "答えられるようにするため。だれの質問かは、残さない。90日"
            ),
            "「わかったら教えて」とたのんだ質問": "答えを知らせるため。知らせるまで、長くて90日",
        },
        forgets=[
            ForgetRows(
                "questions", "答えられなかった、ごみの質問", questions.question.c.at, days=90
            )
        ],
        audit_words=console.AUDIT_WORDS,
    )


@hookimpl
def config_model():
    """Where the list and the calendar lie, and how the list calls its columns."""
    return GarbageConfig


@hookimpl
def register_models():
    """Questions without an answer, uploaded lists, what staff add."""
    return models.MODELS


@hookimpl
def export_personal_data(db, resident):
    """The questions of which they want to be told."""
    return telling.export_rows(db, resident.id)


@hookimpl
def erase_personal_data(db, resident):
    """The same."""
    return telling.erase_rows(db, resident.id)


@hookimpl
def register_permissions():
    """What staff may do with the list and with questions."""
    return console.build_permissions()


@hookimpl
def register_pages():
    """What staff do."""
    return console.build_pages()


@hookimpl
def register_postbacks():
    """Who wants to know."""
    return {"tell": telling.promise}


@hookimpl
def register_jobs():
    """Forget whose message a question was, once it cannot be taken back any more."""
    return [Job("forget_keys", Every(minutes=60), telling.forget_keys)]


@hookimpl
async def on_unsend(ctx, message_id):
    """Its question goes."""
    await telling.forget_taken_back(ctx, message_id)


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
def offer_for_message(ctx, text):
    """Names of things, however they are written."""
    return answering.offer(ctx.plugin.state.search, text)
