"""What the projection was computed with: facts by the code that makes them, cells by the declared measures, both in a zone."""

import hashlib
from functools import lru_cache
from pathlib import Path

from metrics_svc import counting, facts, fold, folding, histogram, sales
from metrics_svc.cells.tables import PROJECTION
from metrics_svc.kpi import all_measures
from metrics_svc.past import queries as past
from shared.db.tx import Reader, Tx
from shared.events import stages
from shared.process.settings import Settings

_READ = f"SELECT name, version FROM {PROJECTION.name}"
_KEEP = f"INSERT INTO {PROJECTION.name} VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET version = excluded.version"


@lru_cache(maxsize=4)
def _wanted(zone: str) -> dict[str, str]:
    modules = [Path(str(module.__file__)) for module in (stages, histogram, fold, past)]
    folders = [Path(str(package.__file__)).parent for package in (counting, facts, folding, sales)]
    sources = [source.read_text() for source in [*modules, *[found for folder in folders for found in sorted(folder.glob("*.py"))]]]
    measures = sorted(m.declared for m in all_measures().values())
    return {name: hashlib.sha256("\n".join([zone, *text]).encode()).hexdigest() for name, text in (("facts", sources), ("cells", measures))}


async def outdated(db: Reader, settings: Settings) -> set[str]:
    """Which of `facts` and `cells` were computed by other code or for another zone."""
    known = {row["name"]: row["version"] for row in await db.rows(_READ)}
    return {name for name, version in _wanted(settings.time_zone).items() if known.get(name) != version}


async def keep(tx: Tx, *names: str) -> None:
    """Remember that these are what this release computes."""
    for name in names:
        await tx.execute(_KEEP, name, _wanted(tx.settings.time_zone)[name])
