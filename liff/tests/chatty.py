"""A form that begins in the chat and ends on a page; for tests."""

from madoguchi import Fit, Offer, hookimpl
from madoguchi.forms import Choice, Form, Phone, Purpose

FORM = Form(
    "report",
    "通報",
    [
        Choice("kind", "どんな不具合ですか", options={"hole": "穴", "lamp": "街灯"}),
        Phone("phone", "電話番号は何番ですか"),
    ],
    lambda db, submission: "受け付けました。",
    purpose=Purpose("電話番号", "連絡", "1年", "職員"),
)


@hookimpl
def register_forms():
    return [FORM]


@hookimpl
def offer_for_message(text):
    return Offer(open_report, Fit.EXACT, label="通報") if text == "通報" else None


async def open_report(ctx):
    return await ctx.open_form("report")
