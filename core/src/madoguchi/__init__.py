"""The open gateway between a municipality's LINE account and the plugins that serve its residents.

These names are the public API: a plugin imports them and nothing else of the gateway.
"""

from madoguchi.clock import JST
from madoguchi.context import Context, OfferContext
from madoguchi.criteria import Audience, Criteria, FieldOption, Parameter, ProfileField
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
    "Audience",
    "City",
    "Consequence",
    "Context",
    "Criteria",
    "Daily",
    "Erased",
    "Event",
    "Every",
    "FieldOption",
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
    "Parameter",
    "Permission",
    "PluginInfo",
    "ProfileField",
    "Record",
    "Resident",
    "TokenRefused",
    "hookimpl",
]
