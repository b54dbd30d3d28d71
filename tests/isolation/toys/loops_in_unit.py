"""Never comes back from its unit: nobody else can write."""

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "loops_in_unit":
        return Offer(answer, Fit.EXACT, label="loops_in_unit")
    return None


async def answer(ctx):
    return await ctx.write(save)


def save(db):
    while True:
        pass
