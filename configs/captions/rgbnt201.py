# Captions for RGBNT201 with the paper's models. Needs data/RGBNT201 and the keys in OPENAI_API_KEY,
# DASHSCOPE_API_KEY and DEEPSEEK_API_KEY.
#   python tools/generate_captions.py configs/captions/rgbnt201.py --dry-run
#   python tools/generate_captions.py configs/captions/rgbnt201.py --budget 100
_base_ = ['_base_/paper_models.py']
dataset = dict(type='RGBNT201', data_root='data/RGBNT201')
schema = 'person'
store = 'work_dirs/captions/rgbnt201/store.sqlite'
captions = 'data/RGBNT201/text'
