"""A LINE platform on your own machine: Messaging API with its errors, signed webhooks, a phone."""

from .channel import Channel, Settings
from .clock import Clock
from .errors import Refusal
from .simulator import Simulator

__all__ = ["Channel", "Clock", "Refusal", "Settings", "Simulator"]
