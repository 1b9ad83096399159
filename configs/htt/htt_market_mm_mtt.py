# HTT on Market-MM, tested after training on the test pictures without their labels: transductive, so compare it with
# others only with that said. Published mAP and R-1 67.2 and 81.5.
# Needs data/Market-1501-RGBNT and a checkpoint of htt_market_mm.py.
#   python tools/test.py configs/htt/htt_market_mm_mtt.py work_dirs/htt_market_mm/epoch_80.pth
# (python tools/train.py configs/htt/htt_market_mm_mtt.py trains as htt_market_mm.py does.)
_base_ = ['htt_market_mm.py']

test_cfg = _base_._test_time_training
