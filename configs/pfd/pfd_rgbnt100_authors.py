# PFD on RGBNT100 with the authors' push loss, which draws the two views together, and with pictures for the pose
# network that are normalised for the tower.
# Needs data/RGBNT100 and data/pose_hrnet_w48_384x288.pth; see docs/data.md.
#   python tools/train.py configs/pfd/pfd_rgbnt100_authors.py
_base_ = ['pfd_rgbnt100.py']

model = dict(push=False, pose=dict(renormalize=False))
