"""The registries of NEXT-MM: children of mmengine's, so that ``type='TMSE'`` in a config finds our class first."""
from mmengine import registry as root
from mmengine.registry import Registry

DATASETS = Registry('dataset', parent=root.DATASETS, scope='next_mm', locations=['next_mm.datasets'])
DATA_SAMPLERS = Registry('data sampler', parent=root.DATA_SAMPLERS, scope='next_mm', locations=['next_mm.datasets'])
TRANSFORMS = Registry('transform', parent=root.TRANSFORMS, scope='next_mm', locations=['next_mm.datasets'])
MODELS = Registry('model', parent=root.MODELS, scope='next_mm', locations=['next_mm.models'])
METRICS = Registry('metric', parent=root.METRICS, scope='next_mm', locations=['next_mm.evaluation'])
HOOKS = Registry('hook', parent=root.HOOKS, scope='next_mm', locations=['next_mm.engine'])
OPTIM_WRAPPERS = Registry('optim wrapper', parent=root.OPTIM_WRAPPERS, scope='next_mm', locations=['next_mm.engine'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optim wrapper constructor', parent=root.OPTIM_WRAPPER_CONSTRUCTORS, scope='next_mm', locations=['next_mm.engine'])
TASK_UTILS = Registry('task util', parent=root.TASK_UTILS, scope='next_mm', locations=['next_mm.engine'])

__all__ = [
    'DATASETS', 'DATA_SAMPLERS', 'HOOKS', 'METRICS', 'MODELS', 'OPTIM_WRAPPERS', 'OPTIM_WRAPPER_CONSTRUCTORS', 'TASK_UTILS',
    'TRANSFORMS'
]
