# Captions for the synthetic pictures by simulated models: no key, no cost. Needs data/synthetic (made by the first
# `python tools/train.py configs/next_synthetic.py`) and the simulated models, started beside it:
#   python -m next_mm.captioning.simulation.server --truth data/synthetic/RGBNT201/attributes.json --port 8765 &
#   python tools/generate_captions.py configs/captions/synthetic_simulated.py
dataset = dict(type='RGBNT201', data_root='data/synthetic/RGBNT201')
schema = 'person'
_server = dict(base_url='http://127.0.0.1:8765/v1', max_concurrency=16)
models = [
    dict(name='clothing-expert', model='clothing-expert', **_server),
    dict(name='accessory-expert', model='accessory-expert', **_server),
]
composer = None  # by template
store = 'work_dirs/captions/synthetic_simulated/store.sqlite'
captions = 'work_dirs/captions/synthetic_simulated/text'
