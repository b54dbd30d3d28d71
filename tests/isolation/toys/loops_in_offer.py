"""Never comes back from its offer."""

from madoguchi import hookimpl


@hookimpl
def offer_for_message(text):
    while text == "loops_in_offer":
        pass
