"""What the code exports, and what an expression asks for: read from the code's own registry and from PromQL's own parser."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import promql_parser as promql
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from clinch.run.services import load
from clinch.run.settings import SERVICES

SCRAPED = frozenset({"job", "instance"})
"""Labels that Prometheus adds to every series."""


@dataclass
class Series:
    """Its labels, and the values of those that the code itself limits."""

    labels: frozenset[str]
    bounds: frozenset[float] = frozenset()


@cache
def exported() -> dict[str, Series]:
    """Every series that an API or a worker can give, by name."""
    import shared.process.admin
    import shared.process.worker  # noqa: F401

    for database in SERVICES:
        load(database)
    found = {"up": Series(SCRAPED)}
    for collector in list(REGISTRY._collector_to_names):
        own = isinstance(collector, MetricWrapperBase)
        for family in collector.collect():
            given: Any = collector if own else family
            labels = frozenset(getattr(given, "_labelnames", ())) | {name for sample in family.samples for name in sample.labels} | SCRAPED
            if family.type == "counter":
                found[f"{family.name}_total"] = Series(labels)
            elif family.type == "histogram":
                bounds = frozenset(getattr(collector, "_upper_bounds", None) or collector._kwargs["buckets"])
                found[f"{family.name}_bucket"] = Series(labels | {"le"}, bounds)
                found |= {f"{family.name}_{part}": Series(labels - {"le"}) for part in ("count", "sum")}
            else:
                found |= {family.name: Series(labels), **{s.name: Series(labels) for s in family.samples}}
    return found


@dataclass
class Asked:
    """The series that an expression reads, with the labels it reads of each; the labels that its result may have."""

    series: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)


def asked(expression: str) -> Asked:
    """Raises ValueError where it is no PromQL."""
    found = Asked()

    def visit(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found.series.append((node.name or "", {m.name: m.value for m in node.matchers.matchers}))
        elif isinstance(node, promql.AggregateExpr) and node.modifier:
            found.grouped.update(node.modifier.labels)

    promql.walk(promql.parse(expression), visit)
    return found


def complaints(expression: str, known: dict[str, Series]) -> list[str]:
    """What is wrong with an expression, in words."""
    try:
        question = asked(expression)
    except ValueError as error:
        return [f"it cannot be read: {error}"]
    unknown = [f"nobody exports {name}" for name, _ in question.series if name not in known]
    if unknown:
        return unknown
    wrong = []
    for name, matched in question.series:
        series = known[name]
        wrong += [f"{name} has no label {label}" for label in matched.keys() - series.labels]
        if "le" in matched and float(matched["le"]) not in series.bounds:
            wrong.append(f"{name} has no bucket {matched['le']}")
    of_any = frozenset().union(*(known[name].labels for name, _ in question.series))
    return wrong + [f"none of its series has the label {label}" for label in question.grouped - of_any]
