# Table VII (d): a router for each modality in TMSE, a shared one in CSSE, as NEXT has it.
#   python tools/run_study.py table7 --rows d --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='(d) T multi, C share', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6}))
