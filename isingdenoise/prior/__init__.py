"""Learned priors: convolutional networks that know what pictures look like, as files of weights."""

from .network import SHIFTS, STEP, Layer, Network
from .reading import prior_of, read_network, shipped

__all__ = ["SHIFTS", "STEP", "Layer", "Network", "prior_of", "read_network", "shipped"]
