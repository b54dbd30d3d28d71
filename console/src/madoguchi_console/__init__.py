"""Staff's pages: who may do what, lists, settings, the audit log."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import BaseModel

from madoguchi import Every, Job, Models, Permission, PluginInfo, hookimpl
from madoguchi_console import administration, health, pages, sample, tidying
from madoguchi_console.config import Config, Settings
from madoguchi_console.lists import Column, Filter, ListView, show_list
from madoguchi_console.models import MODELS
from madoguchi_console.page import ConsolePage, QueueItem, serve
from madoguchi_console.people import ANYBODY, Section, Staff, all_sections, who_may
from madoguchi_console.state import State

__all__ = [
    "ANYBODY",
    "Column",
    "ConsolePage",
    "Filter",
    "ListView",
    "QueueItem",
    "Section",
    "Staff",
    "all_sections",
    "show_list",
    "who_may",
]


@hookimpl
def plugin_info() -> PluginInfo:
    """For staff."""
    return PluginInfo(
        "職員のページ",
        "職員が配信や設定をするページ。",
        keeps={
            "職員の名前、メールアドレス、ログインした時": "職員が仕事をするため。登録を消すまで",
        },
    )


@hookimpl
def config_model() -> type[BaseModel]:
    """The table of the city's file."""
    return Config


@hookimpl
def settings_model() -> type[BaseModel]:
    """When administrators are told that something is wrong."""
    return Settings


@hookimpl
def register_models() -> Models:
    """Staff, sections, permissions, sessions."""
    return MODELS


@hookimpl
def register_permissions() -> list[Permission]:
    """What may be done in the console itself."""
    return [
        Permission("console.staff", "職員と権限を決めることができ"),
        Permission("console.settings", "設定を変えることができ"),
        Permission("console.audit", "操作記録を見ることができ"),
        Permission("console.calendar", "市の休みの日を決めることができ"),
        Permission("console.resume", "バックアップからもどしたあと、送信を始めることができ"),
        Permission("console.residents", "住民の情報を見ることができ"),
    ]


@hookimpl
def register_commands() -> dict[str, Callable[..., Any]]:
    """What `madoguchi staff` asks for."""
    return {
        "add_staff": administration.add_staff,
        "renew_slip": administration.renew_slip,
        "list_staff": administration.list_staff,
        "fill_sample": sample.fill_sample,
    }


@hookimpl
def register_page_types() -> dict[type, Callable[..., Any]]:
    """Pages that need to know who it is, and whether they may."""
    return {ConsolePage: serve}


@hookimpl
def register_pages() -> list[Any]:
    """The console's own pages."""
    return [*pages.OPEN, *pages.EVERYBODYS, *pages.OFFICES, *pages.ADMINISTRATORS]


@hookimpl
def register_jobs() -> list[Job]:
    """Look after the gateway, and forget what is over."""
    return [
        Job("health", Every(minutes=1), health.watch_health),
        Job("tidy", Every(minutes=60), tidying.forget_old),
    ]


@hookimpl
@asynccontextmanager
async def lifespan(plugin: Any) -> AsyncIterator[None]:
    """What this process remembers: LINE's quota as it was last read."""
    if plugin.config.sample:
        plugin.log.info("%s: anybody can be a sample person: for demos only", plugin.gateway)
    plugin.state = State()
    yield
