# PFD on MSVR310: 155 training identities; published mAP and R-1 23.0 and 39.9.
# 300 epochs, batches of 16 x 4. PFD is a method for persons, and how it was run on triplets of vehicles is stated
# nowhere; this is a reconstruction with its recipe for persons (next_mm/methods/pfd/README.md).
# Needs also data/pose_hrnet_w48_384x288.pth.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/pfd/pfd_msvr310.py
_base_ = [
    '../_base_/models/pfd_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=155, network=dict(backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0)))
param_scheduler = dict(end=300, warmup=5)
train_cfg = dict(max_epochs=300)
