# Captions for RGBNT100 with the paper's models. Needs data/RGBNT100 and the keys named in _base_/paper_models.py.
#   python tools/generate_captions.py configs/captions/rgbnt100.py --dry-run
#   python tools/generate_captions.py configs/captions/rgbnt100.py --budget 100
_base_ = ['_base_/paper_models.py']
dataset = dict(type='RGBNT100', data_root='data/RGBNT100')
schema = 'vehicle'
store = 'work_dirs/captions/rgbnt100/store.sqlite'
captions = 'data/RGBNT100/text'
