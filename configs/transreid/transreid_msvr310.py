# TransReID on MSVR310: 155 training identities; published mAP and R-1 33.4 and 48.9.
# 120 epochs, batches of 16 x 4. How it was run on triplets is stated nowhere; this is a reconstruction
# (next_mm/methods/transreid/README.md), with its recipe for vehicles (VeRi).
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/transreid/transreid_msvr310.py
_base_ = [
    '../_base_/models/transreid_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=155, network=dict(backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0), shift=8)
)
optim_wrapper = dict(optimizer=dict(lr=0.01))
