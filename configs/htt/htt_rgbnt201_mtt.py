# HTT on RGBNT201, tested after training on the test pictures without their labels: transductive, so compare it with
# others only with that said. Published mAP and R-1 71.1 and 73.4.
# Needs data/RGBNT201 and a checkpoint of htt_rgbnt201.py.
#   python tools/test.py configs/htt/htt_rgbnt201_mtt.py work_dirs/htt_rgbnt201/epoch_80.pth
# (python tools/train.py configs/htt/htt_rgbnt201_mtt.py trains as htt_rgbnt201.py does.)
_base_ = ['htt_rgbnt201.py']

test_cfg = _base_._test_time_training
