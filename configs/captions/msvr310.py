# Captions for MSVR310 with the paper's models. Needs data/MSVR310 and the keys named in _base_/paper_models.py.
#   python tools/generate_captions.py configs/captions/msvr310.py --dry-run
#   python tools/generate_captions.py configs/captions/msvr310.py --budget 100
_base_ = ['_base_/paper_models.py']
dataset = dict(type='MSVR310', data_root='data/MSVR310')
schema = 'vehicle'
store = 'work_dirs/captions/msvr310/store.sqlite'
captions = 'data/MSVR310/text'
