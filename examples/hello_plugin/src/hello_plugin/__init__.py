"""Tell residents when the libraries open."""

from madoguchi import Fit, Offer, hookimpl

HOURS = {"中央図書館": "9:30-19:00", "駅前分館": "10:00-20:00"}


@hookimpl
def offer_for_message(text):
    if text == "図書館":
        return Offer(all_hours, Fit.EXACT, label="図書館の開館時間")
    if name := next((n for n in HOURS if n in text), None):
        return Offer(one_library, Fit.SEARCH, label=name, data=name)


def all_hours(ctx):
    return "\n".join(f"{name} {hours}" for name, hours in HOURS.items())


def one_library(ctx):
    return f"{ctx.offer.data}の開館時間は {HOURS[ctx.offer.data]} です。"
