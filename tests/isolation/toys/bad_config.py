"""Wants a number; its table in the city's file has a word."""

from pydantic import BaseModel

from madoguchi import hookimpl


class Settings(BaseModel):
    days: int


@hookimpl
def config_model():
    return Settings
