"""The open gateway between a municipality's LINE account and the plugins that serve its residents.

These names are the public API: a plugin imports them and nothing else of the gateway.
"""

from madoguchi.clock import JST
from madoguchi.context import Context, OfferContext
from madoguchi.errors import FormFailed, KeysUnavailable, TokenRefused
from madoguchi.hookspecs import hookimpl
from madoguchi.schedules import Daily, Every
from madoguchi.types import (
    PASS,
    City,
    Consequence,
    Erased,
    Event,
    Fit,
    ForgetBirthdates,
    ForgetRows,
    Job,
    Kept,
    MenuItem,
    Models,
    Mount,
    Offer,
    OpenPage,
    Permission,
    PluginInfo,
    Record,
    Resident,
)

__all__ = [
    "JST",
    "PASS",
    "City",
    "Consequence",
    "Context",
    "Daily",
    "Erased",
    "Event",
    "Every",
    "Fit",
    "ForgetBirthdates",
    "ForgetRows",
    "FormFailed",
    "Job",
    "Kept",
    "KeysUnavailable",
    "MenuItem",
    "Models",
    "Mount",
    "Offer",
    "OfferContext",
    "OpenPage",
    "Permission",
    "PluginInfo",
    "Record",
    "Resident",
    "TokenRefused",
    "hookimpl",
]
