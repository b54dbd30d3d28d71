"""ごみの分け方: residents ask what goes where, and when it is collected."""

from madoguchi import PluginInfo, hookimpl
from madoguchi_garbage_bot.config import GarbageConfig


@hookimpl
def plugin_info():
    """What it is."""
    return PluginInfo("ごみの分け方", "ごみの分け方と出し方をしらべます。")


@hookimpl
def config_model():
    """Where the list lies, and how it calls its columns."""
    return GarbageConfig
