"""Residents' pages inside LINE: who it is, forms, one look, three languages."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from madoguchi import OpenPage, PluginInfo, hookimpl
from madoguchi_liff.about import show_about
from madoguchi_liff.config import Settings
from madoguchi_liff.counter import give_code, show_code
from madoguchi_liff.entering import choose_language, enter, leave
from madoguchi_liff.erasing import show_erased, show_erasure, take_erasure
from madoguchi_liff.forms import show_form, show_media, take_form
from madoguchi_liff.home import show_home
from madoguchi_liff.mine import give_out, show_address, show_copy, show_mine, take_copy
from madoguchi_liff.page import LiffPage, PublicPage, serve, serve_public

__all__ = ["LiffPage", "PublicPage"]


@hookimpl
def plugin_info() -> PluginInfo:
    """For staff."""
    return PluginInfo("住民のページ", "LINEの中で開くページ。申し込みや設定に使います。")


@hookimpl
def config_model() -> type[BaseModel]:
    """The table of the city's file."""
    return Settings


@hookimpl
def register_page_types() -> dict[type, Callable[..., Any]]:
    """Pages that need to know who it is, and pages for everybody."""
    return {LiffPage: serve, PublicPage: serve_public}


@hookimpl
def register_pages() -> list[Any]:
    """The first page with and without a slash, because nothing may redirect there (R57)."""
    return [
        LiffPage("", show_home),
        LiffPage("/", show_home),
        LiffPage("/form/{plugin}/{form}", show_form),
        LiffPage("/form/{plugin}/{form}", take_form, ("POST",)),
        LiffPage("/form/{plugin}/{form}/media/{number:int}", show_media),
        LiffPage("/mine", show_mine),
        LiffPage("/mine/copy", show_address),
        LiffPage("/mine/copy", give_out, ("POST",)),
        LiffPage("/mine/counter", show_code),
        LiffPage("/mine/counter", give_code, ("POST",)),
        OpenPage("/copy", show_copy),
        OpenPage("/copy", take_copy, ("POST",)),
        LiffPage("/mine/erase", show_erasure),
        OpenPage("/mine/erase", take_erasure, ("POST",)),
        OpenPage("/mine/erased", show_erased),
        OpenPage("/about", show_about),
        OpenPage("/session", enter, ("POST",)),
        OpenPage("/session/end", leave, ("POST",)),
        OpenPage("/language", choose_language, ("POST",)),
    ]
