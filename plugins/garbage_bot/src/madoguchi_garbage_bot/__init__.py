"""ごみの分け方: residents ask what goes where, and when it is collected."""

from contextlib import asynccontextmanager

from madoguchi import ForgetRows, MenuItem, PluginInfo, hookimpl
from madoguchi_garbage_bot import answering, item_pages, knowledge, models, questions
from madoguchi_garbage_bot.config import GarbageConfig


@hookimpl
def plugin_info():
    """What it is, and what it keeps."""
    return PluginInfo(
        "ごみの分け方",
        "ごみの分け方と出し方をしらべます。",
        keeps={"答えられなかった質問の文": "一覧を直すため。だれが聞いたかは残しません。400日"},
        forgets=[
            ForgetRows("questions", "答えられなかった質問", questions.question.c.at, days=400)
        ],
    )


@hookimpl
def config_model():
    """Where the list and the calendar lie, and how the list calls its columns."""
    return GarbageConfig


@hookimpl
def register_models():
    """Questions without an answer."""
    return models.MODELS


@hookimpl
def register_menu_items():
    """The tile, which tells how to ask."""
    return [MenuItem(answering.TITLE, says=answering.TITLE, icon="bin")]


@hookimpl
def register_pages():
    """The list and its things, for residents and for everybody."""
    return [*item_pages.build_pages()]


@hookimpl
def register_postbacks():
    """The buttons of answers."""
    return {**answering.POSTBACKS}


@hookimpl
@asynccontextmanager
async def lifespan(plugin):
    """The list and the calendar are read once."""
    plugin.state = await knowledge.load(plugin)
    yield


@hookimpl
def offer_for_message(ctx, text):
    """Names of things, however they are written."""
    return answering.offer(ctx, text)
