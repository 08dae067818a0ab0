"""The lists of `shared/known.py`, each gathered from where its values are declared."""

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from clinch.dev.codes import input_codes, problem_codes, unmet_codes
from clinch.dev.fields import modules

if TYPE_CHECKING:
    from clinch.dev.labels import Groups
    from shared.acts import Act
    from shared.process.service import Service

KNOWN = "shared/known.json"


def known(
    packages: Sequence[str], services: "Sequence[Service]", acts: "Iterable[Act[Any, Any]]", events: Iterable[str], words: "Groups"
) -> dict[str, list[str]]:
    """`packages` hold the refusals, `acts` are those of all services; `words` are the labels, which name every flag and measure."""
    from metrics_svc.facts import FACTS
    from metrics_svc.funnel.rules import ASSIST, DIRECT, LEADS
    from metrics_svc.kpi import catalogue
    from shared.auth.actor import Role
    from shared.events.stages import ORDER

    listed = [act for act in acts if act.operation is not None]
    return {
        "ProblemCode": problem_codes(packages),
        "InputCode": input_codes(packages),
        "UnmetCode": unmet_codes(packages),
        "ActName": sorted({act.name for act in listed}),
        "ActOperation": sorted({act.operation for act in listed if act.operation}),
        "RoleName": [role.value for role in Role],
        "EventType": sorted(events),
        "StageName": [*ORDER, "won", "lost"],
        "FlagName": sorted(words["flag"]),
        "KpiName": list(catalogue()),
        "MeasureName": sorted(words["measure"]),
        "FunnelStepName": list(dict.fromkeys(step.name for step in (*LEADS, *DIRECT, ASSIST))),
        "RecordKind": sorted({fact.record for fact in FACTS.values() if fact.record}),
        "TimerKind": sorted({kind for service in services for kind in service.handlers}),
        "DeadlineName": sorted(_deadlines(packages)),
    }


def _deadlines(packages: Sequence[str]) -> Iterator[str]:
    """The names of all deadlines that a module declares."""
    from shared.deadlines.record import Deadline

    for name in (name for package in packages for name in modules(package) if name.endswith((".deadlines", ".tasks"))):
        yield from (one.name for one in vars(import_module(name)).values() if isinstance(one, Deadline))
