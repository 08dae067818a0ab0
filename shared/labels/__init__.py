"""What people read for the names that all services use, in Chinese and English: states, reasons, roles, acts, events, KPIs."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import orjson

LABELS = Path(__file__).parent / "labels.json"
"""Written by `clinch docs` from docs/glossary.md, the stages and the KPIs: services do not import each other."""


@cache
def labels(lang: str) -> Mapping[str, Mapping[str, str]]:
    """Group, name, label: {"lead_state": {"captured": "Captured"}}. `lang` is `en` or `zh`."""
    named = orjson.loads(LABELS.read_bytes())
    return {group: {name: said[lang] for name, said in of.items()} for group, of in named.items()}
