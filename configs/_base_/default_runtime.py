# What every run shares: hooks, logging, environment.
default_scope = 'next_mm'
randomness = dict(seed=0)  # add deterministic=True for bitwise equal runs on a GPU
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),  # without a GPU gloo takes its place
)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=10),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Two, because the older one goes before the newer one is written: a kill in between must leave one.
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2, save_best='reid/mAP', rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
custom_hooks = [
    dict(type='EnvironmentHook'),
    dict(type='EpochSeedHook'),
    dict(type='IdentityCountHook'),
    dict(type='PrepareEpochHook'),
    dict(type='FiniteLossHook'),
    dict(type='RankListHook'),
    dict(type='ReportHook'),
]

visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
log_processor = dict(by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
