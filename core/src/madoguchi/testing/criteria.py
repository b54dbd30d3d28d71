"""Whether a plugin's audiences are what they say: residents' ids, in one statement."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from madoguchi.criteria import Audience, Parameter
from madoguchi.plugins import PLUGIN_FAULTS
from madoguchi.tables import resident


def check_audiences(db: Any, audiences: tuple[Audience, ...], now: datetime) -> list[str]:
    """What is wrong with each, tried with the first value of every parameter."""
    problems = []
    for one in audiences:
        given = {parameter.name: _example(parameter, now) for parameter in one.parameters}
        try:
            chosen = one.select(now=now, **given).subquery()
            (column,) = chosen.c
            theirs = select(func.count()).where(resident.c.id.in_(select(column)))
            db.execute(theirs).scalar_one()
        except PLUGIN_FAULTS as error:
            text = f"{type(error).__name__}: {error}".splitlines()[0]
            problems.append(
                f"audience {one.name}: select(now=…) returns a SELECT of one column, residents'"
                f" ids; instead: {text}"
            )
    return problems


def _example(parameter: Parameter, now: datetime) -> Any:
    match parameter.kind:
        case "choice":
            return parameter.options[0].value
        case "number":
            return parameter.least
        case "date":
            return now.date()
        case _:
            return "a"
