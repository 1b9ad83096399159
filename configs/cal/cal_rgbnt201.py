# CAL on RGBNT201: 171 training identities; published mAP and R-1 27.6 and 24.3.
# 160 epochs, batches of 20 x 4.
# No code for triplets is published: three networks, each with the losses of its own paper, is the likeliest reading.
# Its authors' pictures of persons are 384 x 192; here they are the dataset's 256 x 128.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/cal/cal_rgbnt201.py
_base_ = [
    '../_base_/models/cal.py',
    '../_base_/datasets/strong_rgbnt201.py',
    '../_base_/schedules/adam_cal.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=171)
train_dataloader = dict(batch_size=80)
auto_scale_lr = dict(base_batch_size=80)
