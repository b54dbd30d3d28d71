"""ごみの分け方: residents ask what goes where, and when it is collected."""

from contextlib import asynccontextmanager

from madoguchi import PluginInfo, hookimpl
from madoguchi_garbage_bot import answering, knowledge
from madoguchi_garbage_bot.config import GarbageConfig


@hookimpl
def plugin_info():
    """What it is."""
    return PluginInfo("ごみの分け方", "ごみの分け方と出し方をしらべます。")


@hookimpl
def config_model():
    """Where the list and the calendar lie, and how the list calls its columns."""
    return GarbageConfig


@hookimpl
@asynccontextmanager
async def lifespan(plugin):
    """The list and the calendar are read once."""
    plugin.state = await knowledge.load(plugin)
    yield


@hookimpl
def offer_for_message(ctx, text):
    """Names of things, however they are written."""
    return answering.offer(ctx.plugin.state.search, text)
