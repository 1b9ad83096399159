"""Components of a config, and all components inside them, against the constructors that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.registry import Registry

from next_mm import registry as ours
from next_mm.apis.checks.known_keys import arguments
from next_mm.apis.checks.shapes import check_flag, expect
from next_mm.apis.checks.value_types import check_types
from next_mm.errors import ConfigError
from next_mm.utils.conventions import DeclaresOptionKeys
from next_mm.utils.options import check_keys, did_you_mean

__all__ = ['NESTED', 'READ_BY_BUILDER', 'SECTIONS', 'check_components', 'find_component']

SECTIONS: dict[str, Registry] = {
    'model': ours.MODELS,
    'model_wrapper_cfg': ours.MODEL_WRAPPERS,
    'data_preprocessor': ours.MODELS,
    'param_scheduler': ours.PARAM_SCHEDULERS,
    'default_hooks': ours.HOOKS,
    'custom_hooks': ours.HOOKS,
    'val_evaluator': ours.METRICS,
    'test_evaluator': ours.METRICS,
    'visualizer': ours.VISUALIZERS,
    'log_processor': ours.LOG_PROCESSORS,
    'prepare': ours.TASK_UTILS,
}
_COMPONENT_LISTS = ('metrics', 'pipeline', 'transforms', 'vis_backends')
NESTED: dict[str, Registry] = {
    'dataset': ours.DATASETS,
    'datasets': ours.DATASETS,
    'sampler': ours.DATA_SAMPLERS,
    'batch_sampler': ours.DATA_SAMPLERS,
    'pipeline': ours.TRANSFORMS,
    'transforms': ours.TRANSFORMS,
    'optimizer': ours.OPTIMIZERS,
    'vis_backends': ours.VISBACKENDS,
    'init_cfg': ours.WEIGHT_INITIALIZERS,
    'data_preprocessor': ours.MODELS,
    'metrics': ours.METRICS,
}
# Keys that mmengine takes out of a component's config before it calls the constructor.
READ_BY_BUILDER = {'type', '_scope_'}
_READ_BY_SECTION = {ours.HOOKS.name: {'priority'}, ours.PARAM_SCHEDULERS.name: {'convert_to_iter_based'}}


def check_components(where: str, cfg: Any, section: Registry, default_type: str | None = None) -> None:
    """Check a component, and all components inside it, against the constructors that they name."""
    if isinstance(cfg, Mapping) and cfg.get('type', where) is None:
        raise ConfigError(f'{where}.type: expected the name of a class, got None')
    if section is ours.PARAM_SCHEDULERS and isinstance(cfg, Mapping):
        check_flag(f'{where}.convert_to_iter_based', cfg.get('convert_to_iter_based', False))
    if where.rpartition('.')[2] in _COMPONENT_LISTS and isinstance(cfg, (list, tuple)):
        for index, part in enumerate(cfg):
            expect(f'{where}[{index}]', part, Mapping, 'a dictionary with the type of a component')
    if isinstance(cfg, Mapping):
        kind = cfg.get('type', default_type)
        if kind is not None:
            component = find_component(where, kind, section)
            known = arguments(component)
            if known is not None:
                name = getattr(component, '__name__', kind)
                check_keys(
                    f'{where} ({name})', cfg, {*known, *READ_BY_BUILDER, *_READ_BY_SECTION.get(section.name, ())}
                )
                check_types(where, cfg, known)
            _check_options(where, cfg, component)
    for place, key, inner in _children(where, cfg):
        check_components(place, inner, NESTED.get(key, section) if key else section)


def _check_options(where: str, cfg: Mapping, component: Any) -> None:
    """Check the plain dictionaries of options for which a class declares the keys in ``option_keys``."""
    for option, known in component.option_keys.items() if isinstance(component, DeclaresOptionKeys) else ():
        given = cfg.get(option)
        if given is None:
            continue
        if not isinstance(given, Mapping):
            raise ConfigError(
                f'{where}.{option}: expected None or a dictionary with any of {", ".join(known)}, got {given!r}'
            )
        check_keys(f'{where}.{option}', given, known)


def _children(where: str, cfg: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(cfg, Mapping):
        yield from ((f'{where}.{key}', str(key), inner) for key, inner in cfg.items())
    elif isinstance(cfg, (list, tuple)):
        yield from ((f'{where}[{index}]', '', inner) for index, inner in enumerate(cfg))


def find_component(where: str, kind: Any, section: Registry) -> Any:
    """Look a type up as the Runner will: in its section, else (a component of another kind inside) anywhere."""
    if not isinstance(kind, str) or not kind:
        if not callable(kind):
            raise ConfigError(f'{where}.type: expected the name of a class, got {kind!r}')
        return kind
    registries = [section, *(r for r in {*SECTIONS.values(), *NESTED.values()} if r is not section), ours.FUNCTIONS]
    for registry in registries:
        component = registry.get(kind)
        if component is not None:
            return component
    known = {name for registry in _family(section) for name in registry.module_dict}
    raise ConfigError(f"{where}: type '{kind}' is not registered{did_you_mean(kind, known)}")


def _family(section: Registry | None) -> Iterator[Registry]:
    while section is not None:
        yield section
        section = section.parent
