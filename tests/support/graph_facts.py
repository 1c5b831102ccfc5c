"""Facts about Microsoft Graph, taken out of its schemas and documentation: names, types, shapes.

The schemas and examples are Microsoft's texts and are not kept here; what they say about names
and types is. ``graph_facts.json`` beside this file holds it, and is what the tests read. Where the
originals lie beside the project, a test compares it with a fresh extraction; to make it anew:
``PYTHONPATH=tests python -m support.graph_facts FOLDER``.
"""

from __future__ import annotations

import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

FACTS = Path(__file__).with_name("graph_facts.json")
SCHEMAS = ("v1.0-files.csdl", "beta-recyclebin.csdl")
EXAMPLES = "examples.jsonl"
SOURCE = (
    "Names, types and shapes taken from the public metadata of Microsoft Graph (v1.0, and beta for"
    " the recycle bin) and from the examples of its public documentation; no text and no value of"
    " either is in it."
)

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*$", re.DOTALL | re.MULTILINE)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
#: in descriptions of resources a value names its kind instead of having it
_TRUTHS = frozenset({"boolean", "true | false"})
#: what a value is, where an example has one
TEXT, NUMBER, TRUTH, NOTHING = "text", "number", "truth", "nothing"


def originals() -> Path | None:
    """The folder with the schemas and examples; ``None`` when nobody laid them there."""
    named = os.environ.get("SLUIS_GRAPH_SCHEMAS")
    if named:
        return Path(named)
    folder = Path(__file__).resolve().parents[3] / "shared" / "graph"
    return folder if folder.is_dir() else None


def committed() -> dict[str, Any]:
    """The facts that are kept with the tests."""
    found: dict[str, Any] = json.loads(FACTS.read_text())
    return found


def extract(folder: Path) -> dict[str, Any]:
    """The facts, out of a folder with the originals."""
    types: dict[str, Any] = {}
    enums: dict[str, Any] = {}
    for name in SCHEMAS:
        for schema in ElementTree.parse(folder / name).getroot().iter(f"{_EDM}Schema"):
            for element in schema:
                _take(element, types, enums)
    lines = (folder / EXAMPLES).read_text().splitlines()
    return {
        "source": SOURCE,
        "types": dict(sorted(types.items())),
        "enums": dict(sorted(enums.items())),
        "examples": [_example(json.loads(line)) for line in lines],
    }


def _take(element: ElementTree.Element, types: dict[str, Any], enums: dict[str, Any]) -> None:
    """One type of a schema; a later schema may add properties to a type of an earlier one."""
    name = element.get("Name", "")
    if element.tag == f"{_EDM}EnumType":
        enums[name] = sorted(one.get("Name", "") for one in element.iter(f"{_EDM}Member"))
    elif element.tag in (f"{_EDM}EntityType", f"{_EDM}ComplexType"):
        base = element.get("BaseType", "").removeprefix("graph.") or None
        is_open = element.get("OpenType") == "true"
        found = types.setdefault(
            name, {"base": base, "open": is_open, "properties": {}, "leads_to": {}, "required": []}
        )
        for one in element:
            own = one.get("Name", "")
            if one.tag == f"{_EDM}Property":
                found["properties"][own] = one.get("Type", "")
                if one.get("Nullable") == "false":
                    found["required"].append(own)
            elif one.tag == f"{_EDM}NavigationProperty":
                found["leads_to"][own] = one.get("Type", "")


def _example(block: dict[str, Any]) -> dict[str, Any]:
    """One block of a documentation page: what kind it is, and the shape of its JSON."""
    meta, text = block["meta"], block["body"]
    kind, status = meta.get("blockType", ""), None
    if kind != "resource":
        head, _, text = text.replace("\r\n", "\n").partition("\n\n")
        status = int(head.split()[1]) if kind == "response" else None
    body = _json(text) if kind in ("response", "resource") else None
    return {
        "name": f"{Path(block['source']).stem} {block['index']}",
        "kind": kind,
        "status": status,
        "shape": None if body is None else shape_of(body),
        "optional": sorted(meta.get("optionalProperties") or ()),
    }


def _json(text: str) -> Any:
    """The JSON of a page, repaired where it has comments or commas too many."""
    text = _TRAILING_COMMA.sub(r"\1", _COMMENT.sub("", text)).strip()
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def shape_of(value: Any) -> Any:
    """What a JSON value looks like: names stay, a value becomes what it is.

    A list becomes a list of one shape: that of all its objects put together, since any property
    that one of a collection's entries has may be in another.
    """
    if isinstance(value, dict):
        return {name: shape_of(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape_of(merged(value))] if value else []
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return TRUTH if value in _TRUTHS else TEXT
    return TRUTH if isinstance(value, bool) else NUMBER


def merged(entries: list[Any]) -> Any:
    """All objects of a list as one; the first entry where they are no objects."""
    if not all(isinstance(entry, dict) for entry in entries):
        return entries[0]
    return {name: value for entry in entries for name, value in entry.items()}


def written(facts: dict[str, Any]) -> str:
    """The facts as they are kept: one type, enumeration or example to a line."""
    parts = [f'"source": {json.dumps(facts["source"])}']
    for group in ("types", "enums"):
        lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in facts[group].items()]
        parts.append(f'"{group}": {{\n' + ",\n".join(lines) + "\n}")
    lines = [json.dumps(one) for one in facts["examples"]]
    parts.append('"examples": [\n' + ",\n".join(lines) + "\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FACTS.write_text(written(extract(Path(sys.argv[1]))))
