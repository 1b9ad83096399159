# Captions for triplets of your own by local models: no key, nothing leaves the machine. Needs the servers of
# _base_/local_models.py and data/own in the layout that docs/data.md shows. Vehicles: schema='vehicle'.
# python tools/generate_captions.py configs/captions/own_local.py --limit 20   # look at the
# result, then without --limit
_base_ = ['_base_/local_models.py']
dataset = dict(type='OwnTriplets', data_root='data/own')
schema = 'person'
store = 'work_dirs/captions/own/store.sqlite'
captions = 'data/own/text'
