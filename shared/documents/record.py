"""What a document is made from. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Template:
    """A Typst file in a folder of templates. It can read what is in this folder, and nothing else."""

    folder: Path
    name: str


def as_json(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def content_hash(said: Mapping[str, Any]) -> bytes:
    """Names one state of a record: what its documents say depends on that, whatever the template looks like later."""
    return hashlib.sha256(as_json(said).encode()).digest()
