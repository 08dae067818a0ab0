"""What figures count: one module per counted thing, with its rows, what it hears, what is derived from it, and its measures.

All of them are read with the package, so that `FACTS` is whole whoever asks it.
"""

from importlib import import_module
from pkgutil import iter_modules

from metrics_svc.counting.fact import FACTS

__all__ = ["FACTS"]

for _module in iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)
