# PFD on MSVR310 with the authors' push loss, which draws the two views together, and with pictures for the pose
# network that are normalised for the tower.
# Needs data/MSVR310 and data/pose_hrnet_w48_384x288.pth; see docs/data.md.
#   python tools/train.py configs/pfd/pfd_msvr310_authors.py
_base_ = ['pfd_msvr310.py']

model = dict(push=False, pose=dict(renormalize=False))
