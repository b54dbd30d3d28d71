"""Staff's pages: who may do what, lists, settings, the audit log."""

from madoguchi import PluginInfo, hookimpl


@hookimpl
def plugin_info() -> PluginInfo:
    """For staff."""
    return PluginInfo("職員のページ", "職員が配信や設定をするページ。")
