"""The lists of `shared/known.py`, each gathered from where its values are declared."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from clinch.dev.codes import problem_codes, unmet_codes

if TYPE_CHECKING:
    from clinch.dev.labels import Groups
    from shared.acts import Act

KNOWN = "shared/known.json"


def known(packages: Sequence[str], acts: "Iterable[Act[Any, Any]]", events: Iterable[str], words: "Groups") -> dict[str, list[str]]:
    """`packages` hold the refusals, `acts` are those of all services; `words` are the labels, which name every flag and measure."""
    from metrics_svc.kpi import catalogue
    from shared.auth.actor import Role
    from shared.events.stages import ORDER

    listed = [act for act in acts if act.operation is not None]
    return {
        "ProblemCode": problem_codes(packages),
        "UnmetCode": unmet_codes(packages),
        "ActName": sorted({act.name for act in listed}),
        "ActOperation": sorted({act.operation for act in listed if act.operation}),
        "RoleName": [role.value for role in Role],
        "EventType": sorted(events),
        "StageName": [*ORDER, "won", "lost"],
        "FlagName": sorted(words["flag"]),
        "KpiName": list(catalogue()),
        "MeasureName": sorted(words["measure"]),
    }
