"""The open gateway between a municipality's LINE account and the plugins that serve its residents.

These names are the public API: a plugin imports them and nothing else of the gateway.
"""

from madoguchi.clock import JST
from madoguchi.context import Context, OfferContext
from madoguchi.hookspecs import hookimpl
from madoguchi.types import (
    PASS,
    City,
    Event,
    Fit,
    Models,
    Mount,
    Offer,
    OpenPage,
    PluginInfo,
    Resident,
)

__all__ = [
    "JST",
    "PASS",
    "City",
    "Context",
    "Event",
    "Fit",
    "Models",
    "Mount",
    "Offer",
    "OfferContext",
    "OpenPage",
    "PluginInfo",
    "Resident",
    "hookimpl",
]
