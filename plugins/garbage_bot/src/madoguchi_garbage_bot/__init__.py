"""ごみの分け方: residents ask what goes where, and when it is collected."""

from madoguchi import PluginInfo, hookimpl


@hookimpl
def plugin_info():
    """What it is."""
    return PluginInfo("ごみの分け方", "ごみの分け方と出し方をしらべます。")
