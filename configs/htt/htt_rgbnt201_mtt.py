# HTT on RGBNT201, tested after training on the test pictures without their labels: transductive, so compare it with
# others only with that said. Published mAP and R-1 71.1 and 73.4.
# Needs data/RGBNT201 and a checkpoint of htt_rgbnt201.py.
#   python tools/test.py configs/htt/htt_rgbnt201_mtt.py work_dirs/htt_rgbnt201/epoch_80.pth
# (python tools/train.py configs/htt/htt_rgbnt201_mtt.py trains as htt_rgbnt201.py does.)
_base_ = ['htt_rgbnt201.py']

test_cfg = dict(
    type='TestTimeTrainingLoop',
    epochs=6,
    batch_size=2,
    optim_wrapper=dict(
        type='OptimWrapper',
        optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-4),
        paramwise_cfg=dict(bias_lr_mult=2.0),
    ),
    param_scheduler=[dict(type='TransReIDLR', end=6, warmup=5)],
)
