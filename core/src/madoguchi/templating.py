"""Templates: each plugin's under its own name, and the city's overrides before them.

`hello/hours.html` is looked for in the city's own folder first (`config/<city>/templates/`), then
in the plugin's `templates/hello/`. A plugin cannot shadow another's templates.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
)
from jinja2.bccache import Bucket

from madoguchi.plugins import Plugin


class _Compiled(BytecodeCache):
    """Compiled templates, shared by all gateways of this process: one version of each."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._codes.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = (bucket.checksum, bucket.code)


_COMPILED = _Compiled()


class Templates:
    """The templates of one gateway. Text is escaped always."""

    def __init__(self, plugins: Iterable[Plugin], overrides: Path) -> None:
        own = {
            plugin.name: FileSystemLoader(plugin.folder / "templates" / plugin.name)
            for plugin in plugins
            if plugin.folder is not None
        }
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(overrides), PrefixLoader(own)]),
            autoescape=True,
            undefined=StrictUndefined,
            enable_async=False,
            bytecode_cache=_COMPILED,
        )

    def render(self, plugin: str, name: str, values: Mapping[str, Any]) -> str:
        """Render `<plugin>/<name>`. Raises jinja2's errors: the page turns them into words."""
        return self._environment.get_template(f"{plugin}/{name}").render(values)
