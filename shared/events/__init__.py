"""The event contract: what the services tell each other and everyone else. A module for each thing that they tell of.

All of them are read with the package, so that the registry of events is whole whoever asks it.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)
