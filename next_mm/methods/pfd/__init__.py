"""PFD (Wang et al., AAAI 2022)."""

from next_mm.methods.pfd.model import PFDReID
from next_mm.methods.pfd.network import PFDNetwork
from next_mm.methods.pfd.pose import HRNetPose, StandingPose

__all__ = ['HRNetPose', 'PFDNetwork', 'PFDReID', 'StandingPose']
