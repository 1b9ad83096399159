# default_runtime.py, and the load of NEXT's semantic experts in every log.
_base_ = ['default_runtime.py']

custom_hooks = [*_base_.custom_hooks, dict(type='ExpertLoadHook')]
