"""The methods, a folder each; every one that is here is registered."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    if _module.ispkg:
        importlib.import_module(f'{__name__}.{_module.name}')
