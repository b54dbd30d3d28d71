"""A LINE platform on your own machine: Messaging API, signed webhooks, Login and LIFF, a phone."""

from .channel import Channel, Settings
from .clock import Clock
from .errors import Refusal
from .login import LiffApp, LoginChannel
from .simulator import Simulator

__all__ = ["Channel", "Clock", "LiffApp", "LoginChannel", "Refusal", "Settings", "Simulator"]
