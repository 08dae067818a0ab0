"""What each lane was computed with: its facts by what it hears and the code that makes them, its cells by its measures, in a zone."""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from metrics_svc.cells.months import VERSION as MONTHS
from metrics_svc.cells.tables import PROJECTION
from metrics_svc.counting.fact import FACTS
from metrics_svc.counting.measure import Measure
from metrics_svc.fold import LANES, Lane
from metrics_svc.folding import batch
from metrics_svc.folding.touched import facts_of
from metrics_svc.kpi import all_measures
from metrics_svc.past import queries as past
from shared.db.tx import Reader, Tx
from shared.process.settings import Settings

_READ = f"SELECT name, version FROM {PROJECTION.name}"
_KEEP = f"INSERT INTO {PROJECTION.name} VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET version = excluded.version"
_OLDER = ("facts", "cells")
"""The rows of releases that kept one version of all lanes. Where one of them has been at work, nothing is known of what is there."""
_FORGET = f"DELETE FROM {PROJECTION.name} WHERE EXISTS (SELECT 1 FROM {PROJECTION.name} WHERE name = ANY($1::text[]))"

_FOLLOWED = ("metrics_svc.", "shared.events.stages", "shared.worklist")
"""The modules whose code decides what a fact is, where a fact's own code imports them."""


def measures_of(lane: str) -> list[Measure]:
    """What is counted of the lane's facts."""
    return [m for m in all_measures().values() if FACTS[m.of].lane == lane]


async def outdated(db: Reader, settings: Settings) -> Mapping[str, set[str]]:
    """Which of `facts` and `cells` were computed by other code or for another zone, by lane; a lane that is not there is up to date."""
    known = {row["name"]: row["version"] for row in await db.rows(_READ)}
    if not known.keys().isdisjoint(_OLDER):
        known = {}
    found = {
        lane: {part for part, version in _wanted(lane, settings.time_zone).items() if known.get(f"{lane} {part}") != version}
        for lane in LANES
    }
    return {lane: parts for lane, parts in found.items() if parts}


async def keep(tx: Tx, lane: str, *parts: str) -> None:
    """Remember that these are what this release computes."""
    for part in parts:
        await tx.execute(_KEEP, f"{lane} {part}", _wanted(lane, tx.settings.time_zone)[part])


async def forget_older(tx: Tx) -> None:
    """Know nothing of the projection if a release has been at work that kept one version of all lanes."""
    await tx.execute(_FORGET, list(_OLDER))


@lru_cache(maxsize=16)
def _wanted(lane: str, zone: str) -> dict[str, str]:
    heard = sorted(LANES[lane].fold.types)
    code = [f"{name} {_meaning(source)}" for name, source in sorted(code_of(LANES[lane]).items())]
    measures = [*sorted(m.declared for m in measures_of(lane)), MONTHS]
    return {
        part: hashlib.sha256("\n".join([zone, *text]).encode()).hexdigest()
        for part, text in (("facts", [*heard, *code]), ("cells", measures))
    }


def code_of(lane: Lane) -> dict[str, str]:
    """The modules that decide what the lane's facts are, with their source: its facts, how it is folded, and what they import."""
    roots = [sys.modules[kind.__module__] for kind in (lane.way, *(table.into for table in facts_of(lane.name)))]
    found = {module.__name__: _source(module) for module in (batch, past)}
    left = roots
    while left:
        module = left.pop()
        if module.__name__ not in found:
            found[module.__name__] = _source(module)
            left += _imported(found[module.__name__])
    return found


def _source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _imported(source: str) -> Iterator[ModuleType]:
    for node in ast.walk(ast.parse(source)):
        names: Iterable[str] = ()
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *[f"{node.module}.{a.name}" for a in node.names]]
        yield from [sys.modules[name] for name in names if name in sys.modules and name.startswith(_FOLLOWED)]


def _meaning(source: str) -> str:
    """The code without what only people read: another comment changes no fact."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]  # type: ignore[attr-defined]
    return ast.dump(tree)
