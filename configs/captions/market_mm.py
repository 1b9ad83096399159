# Captions for MarketMM with the paper's models. Needs data/Market-1501-RGBNT and the keys named in
# _base_/paper_models.py.
#   python tools/generate_captions.py configs/captions/market_mm.py --dry-run
#   python tools/generate_captions.py configs/captions/market_mm.py --budget 100
_base_ = ['_base_/paper_models.py']
dataset = dict(type='MarketMM', data_root='data/Market-1501-RGBNT')
schema = 'person'
store = 'work_dirs/captions/market_mm/store.sqlite'
captions = 'data/Market-1501-RGBNT/text'
