# BoT on MSVR310: 155 training identities; published mAP and R-1 23.5 and 38.4.
# 120 epochs, batches of 8 x 4.
# No code for triplets is published: three networks, each with the losses of its own paper, is the likeliest reading.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/bot/bot_msvr310.py
_base_ = [
    '../_base_/models/bot.py',
    '../_base_/datasets/strong_msvr310.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=155)
