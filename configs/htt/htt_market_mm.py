# HTT on Market-MM: 751 training identities; published mAP and R-1 67.2 and 81.5.
# 80 epochs, batches of 8 x 4, no flip. The published figures are those after training on the test pictures, see
# htt_market_mm_mtt.py. Its recipe is not released; this is RGBNT201's.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/htt/htt_market_mm.py
_base_ = [
    '../_base_/models/htt_vit-b16.py',
    '../_base_/datasets/market_mm.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751)
param_scheduler = dict(end=80, warmup=5)
train_cfg = dict(max_epochs=80)
_augment = [step for step in _base_._augment if step['type'] != 'FlipTriplet']
train_dataloader = dict(
    batch_size=32,
    batch_sampler=dict(num_instances=4),
    dataset=dict(pipeline=[*_base_._pictures, *_augment, *_base_._train_captions]),
)
auto_scale_lr = dict(base_batch_size=32)
