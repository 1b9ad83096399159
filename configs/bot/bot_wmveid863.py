# BoT on WMVEID863: 603 training identities; published mAP and R-1 51.1 and 55.7.
# 120 epochs, batches of 8 x 4.
# No code for triplets is published: three networks, each with the losses of its own paper, is the likeliest reading.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/bot/bot_wmveid863.py
_base_ = [
    '../_base_/models/bot.py',
    '../_base_/datasets/strong_wmveid863.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=603)
