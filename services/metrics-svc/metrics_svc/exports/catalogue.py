"""All exports by name: those of facts, and the KPIs per day or month."""

from metrics_svc.exports.declared import cash, deals, leads
from metrics_svc.exports.export import EXPORTS, Export
from metrics_svc.exports.kpis import KPIS, Figures

__all__ = ["ALL", "EXPORTS"]

_DECLARED = (leads, deals, cash)
"""The modules that declare them."""

ALL: dict[str, Export | Figures] = {**EXPORTS, **KPIS}
