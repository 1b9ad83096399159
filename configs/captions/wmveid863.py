# Captions for WMVEID863 with the paper's models. Needs data/WMVEID863 and the keys named in _base_/paper_models.py.
#   python tools/generate_captions.py configs/captions/wmveid863.py --dry-run
#   python tools/generate_captions.py configs/captions/wmveid863.py --budget 100
_base_ = ['_base_/paper_models.py']
dataset = dict(type='WMVEID863', data_root='data/WMVEID863')
schema = 'vehicle'
store = 'work_dirs/captions/wmveid863/store.sqlite'
captions = 'data/WMVEID863/text'
