"""What `find_problems` lets through keeps LINE's OpenAPI rules on required properties and enums.

LINE's files are read where they are present and not part of this repository.
"""

import json
import os
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_messages import find_problems

HERE = Path(__file__)
PLACES = [
    Path(os.environ.get("MADOGUCHI_LINE_OPENAPI", "line-openapi")),
    HERE.parents[2] / "line-openapi",
    HERE.parents[3] / "shared" / "line-openapi",
]
FILE = next((p / "messaging-api.yml" for p in PLACES if (p / "messaging-api.yml").exists()), None)
SAMPLES = json.loads(HERE.with_name("samples.json").read_text("utf-8"))

pytestmark = pytest.mark.skipif(FILE is None, reason="LINE's OpenAPI files are not here")


@pytest.fixture(scope="module")
def schemas():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(FILE.read_text("utf-8"), loader)["components"]["schemas"]


def faults(schemas, schema, value, at="", *, mapped=False):
    """Missing properties, values outside an enum and wrong types, discriminators followed."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return faults(schemas, schemas[name], value, at, mapped=mapped)
    found = []
    mapping = schema.get("discriminator", {}).get("mapping")
    if mapping and not mapped and isinstance(value, dict):
        kind = value.get("type")
        if kind not in mapping:
            return [f"{at}.type {kind}"]
        return faults(schemas, {"$ref": mapping[kind]}, value, at, mapped=True)
    for part in schema.get("allOf", []):
        found += faults(schemas, part, value, at, mapped=True)
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    wanted = types.get(schema.get("type"))
    if wanted and not isinstance(value, wanted):
        return [*found, f"{at} is no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} {value}")
    if isinstance(value, dict):
        found += [f"{at}.{name} absent" for name in schema.get("required", []) if name not in value]
        for name, below in schema.get("properties", {}).items():
            if name in value:
                found += faults(schemas, below, value[name], f"{at}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += faults(schemas, schema.get("items", {}), item, f"{at}[{index}]")
    return found


def test_the_oracle_sees_faults(schemas):
    message = {"$ref": "#/components/schemas/Message"}
    assert faults(schemas, message, {"type": "text"}) == [".text absent"]
    broken = deepcopy(SAMPLES[14])
    broken["contents"]["body"]["layout"] = "diagonal"
    assert faults(schemas, message, broken) == [".contents.body.layout diagonal"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["type"])
def test_samples_keep_the_schema(schemas, sample):
    assert faults(schemas, {"$ref": "#/components/schemas/Message"}, sample) == []


@given(data=st.data())
def test_what_is_let_through_keeps_the_schema(schemas, data):
    def places(value, path=()):
        if isinstance(value, (dict, list)):
            for key, below in value.items() if isinstance(value, dict) else enumerate(value):
                yield (*path, key)
                yield from places(below, (*path, key))

    message = deepcopy(data.draw(st.sampled_from(SAMPLES)))
    *above, last = data.draw(st.sampled_from(list(places(message))))
    parent = message
    for step in above:
        parent = parent[step]
    if data.draw(st.booleans()):
        del parent[last]
    else:
        parent[last] = data.draw(
            st.sampled_from([None, 0, 1.5, True, "", "x", [], {}, "vertical", "text"])
        )
    if not find_problems([message]):
        assert faults(schemas, {"$ref": "#/components/schemas/Message"}, message) == []
