"""A plugin's implementations of hooks: whether they can be called, and how."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from madoguchi import hookspecs
from madoguchi.errors import PluginError
from madoguchi.hookspecs import KINDS
from madoguchi.types import Permission


def check_hooks(module: Any) -> None:
    """Refuse a module whose hooks are misspelt, of the wrong colour, or jump the queue."""
    for attribute, function in vars(module).items():
        marks = getattr(function, "madoguchi_impl", None)
        if not isinstance(marks, dict):
            continue
        name = marks.get("specname") or attribute
        if name not in KINDS:
            hint = _nearest(name, KINDS) or f"the hooks are {', '.join(KINDS)}"
            raise PluginError(f"unknown hook `{name}`: {hint}")
        given = list(inspect.signature(getattr(hookspecs, name)).parameters)
        for argument, parameter in inspect.signature(function).parameters.items():
            if parameter.default is parameter.empty and argument not in given:
                hint = _nearest(argument, given) or f"there is {', '.join(given) or 'none'}"
                raise PluginError(f"`{name}` has no argument `{argument}`: {hint}")
        if any(marks.get(key) for key in ("tryfirst", "trylast", "wrapper", "hookwrapper")):
            raise PluginError(f"`{name}`: no tryfirst, trylast or wrapper: order is the city's")
        if KINDS[name] != "notify" and inspect.iscoroutinefunction(function):
            raise PluginError(f"`{name}` ({KINDS[name]}) must be a plain `def`, not `async def`")


def check_permissions(plugin: str, found: Iterable[Any]) -> None:
    """Refuse permissions that are not this plugin's own, or are there twice."""
    names: set[str] = set()
    for one in found:
        if not isinstance(one, Permission):
            raise PluginError(f"`register_permissions` returned a {type(one).__name__}")
        if one.name.partition(".")[0] != plugin or one.name in names:
            raise PluginError(
                f"`register_permissions`: {one.name!r}: write {plugin}.verb, each name once"
            )
        names.add(one.name)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean `{near[0]}`?" if near else ""


def caller_of(implementation: Any, hook: str) -> Callable[[Mapping[str, Any]], Any]:
    """A callable of the hook's name that hands an implementation only the arguments it names."""
    function, names = implementation.function, implementation.argnames
    call: Callable[[Mapping[str, Any]], Any]
    if inspect.iscoroutinefunction(function):

        async def call(given: Mapping[str, Any]) -> Any:
            return await function(*[given[name] for name in names])

    else:

        def call(given: Mapping[str, Any]) -> Any:
            return function(*[given[name] for name in names])

    call.__name__ = hook
    return call
