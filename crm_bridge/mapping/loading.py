"""Reads mapping files: a company's own, or the template shipped for its system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from crm_bridge.mapping.model import Mapping

TEMPLATES = Path(__file__).with_name("templates")


class MappingUnusable(Exception):
    """The file cannot be used; the message names the place and what was expected there."""


def template_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in TEMPLATES.glob("*.yaml")))


def load_mapping(system: str, path: str | Path = "") -> Mapping:
    """The mapping at `path`: a file, or the name of a template; without one the template of the system.

    A file that says `extends: tryton` starts from that template and changes what it names, nested values one by one;
    a value of null takes an entry out. Raises `MappingUnusable`.
    """
    source = _find(system, str(path))
    read = _extended(_yaml(source), source)
    try:
        mapping = Mapping.model_validate(read)
    except ValidationError as error:
        raise MappingUnusable(f"{source.name}: {_words(error)}") from error
    if mapping.system != system:
        raise MappingUnusable(f"{source.name} is for {mapping.system}, the adapter is {system}")
    return mapping


def _find(system: str, path: str) -> Path:
    name = path or system
    if name in template_names():
        return TEMPLATES / f"{name}.yaml"
    if not path:
        raise MappingUnusable(f"there is no template for {system}; set YIJU_CRM__MAPPING to a mapping file")
    return Path(path)


def _yaml(path: Path) -> dict[str, Any]:
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingUnusable(f"the mapping {path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise MappingUnusable(f"the mapping {path} holds no entries")
    return found


def _extended(read: dict[str, Any], source: Path) -> dict[str, Any]:
    base = read.pop("extends", None)
    if base is None:
        return read
    if base not in template_names():
        raise MappingUnusable(f"{source.name} extends {base!r}; templates: {', '.join(template_names())}")
    return _merged(_yaml(TEMPLATES / f"{base}.yaml"), read)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        before = merged.get(name)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and isinstance(before, dict):
            merged[name] = _merged(before, value)
        else:
            merged[name] = value
    return merged


def _words(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc']) or 'mapping'}: {one['msg']}"
        for one in error.errors()[:5]
    )
