"""The registries of NEXT-MM: children of mmengine's, so that a ``type`` in a config finds our class first."""

from mmengine import registry as root
from mmengine.registry import Registry

DATASETS = Registry('dataset', parent=root.DATASETS, scope='next_mm', locations=['next_mm.datasets'])
DATA_SAMPLERS = Registry('data sampler', parent=root.DATA_SAMPLERS, scope='next_mm', locations=['next_mm.datasets'])
TRANSFORMS = Registry('transform', parent=root.TRANSFORMS, scope='next_mm', locations=['next_mm.datasets'])
MODELS = Registry('model', parent=root.MODELS, scope='next_mm', locations=['next_mm.models', 'next_mm.methods'])
METRICS = Registry('metric', parent=root.METRICS, scope='next_mm', locations=['next_mm.evaluation'])
HOOKS = Registry('hook', parent=root.HOOKS, scope='next_mm', locations=['next_mm.engine', 'next_mm.methods'])
OPTIM_WRAPPERS = Registry(
    'optim wrapper', parent=root.OPTIM_WRAPPERS, scope='next_mm', locations=['next_mm.engine', 'next_mm.methods']
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optim wrapper constructor', parent=root.OPTIM_WRAPPER_CONSTRUCTORS, scope='next_mm', locations=['next_mm.engine']
)
LOOPS = Registry('loop', parent=root.LOOPS, scope='next_mm', locations=['next_mm.engine'])
PARAM_SCHEDULERS = Registry(
    'parameter scheduler', parent=root.PARAM_SCHEDULERS, scope='next_mm', locations=['next_mm.engine']
)
TASK_UTILS = Registry('task util', parent=root.TASK_UTILS, scope='next_mm', locations=['next_mm.engine'])

# Kinds of which we have none of our own: without a child registry mmengine warns at every build that
# the scope is unknown to it.
EVALUATORS = Registry('evaluator', parent=root.EVALUATOR, scope='next_mm')
FUNCTIONS = Registry('function', parent=root.FUNCTIONS, scope='next_mm')
LOG_PROCESSORS = Registry('log processor', parent=root.LOG_PROCESSORS, scope='next_mm')
MODEL_WRAPPERS = Registry('model wrapper', parent=root.MODEL_WRAPPERS, scope='next_mm')
OPTIMIZERS = Registry('optimizer', parent=root.OPTIMIZERS, scope='next_mm')
VISBACKENDS = Registry('visualization backend', parent=root.VISBACKENDS, scope='next_mm')
VISUALIZERS = Registry('visualizer', parent=root.VISUALIZERS, scope='next_mm')
WEIGHT_INITIALIZERS = Registry('weight initializer', parent=root.WEIGHT_INITIALIZERS, scope='next_mm')

__all__ = [
    'DATASETS',
    'DATA_SAMPLERS',
    'EVALUATORS',
    'FUNCTIONS',
    'HOOKS',
    'LOG_PROCESSORS',
    'LOOPS',
    'METRICS',
    'MODELS',
    'MODEL_WRAPPERS',
    'OPTIMIZERS',
    'OPTIM_WRAPPERS',
    'OPTIM_WRAPPER_CONSTRUCTORS',
    'PARAM_SCHEDULERS',
    'TASK_UTILS',
    'TRANSFORMS',
    'VISBACKENDS',
    'VISUALIZERS',
    'WEIGHT_INITIALIZERS',
]
