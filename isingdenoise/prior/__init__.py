"""Learned priors, networks and Boltzmann machines: what pictures look like, as files of weights."""

from .machine import Machine
from .network import SHIFTS, STEP, Layer, Network
from .reading import (
    machine_of,
    prior_of,
    read_machine,
    read_network,
    shipped,
    shipped_machine,
)

__all__ = [
    "SHIFTS",
    "STEP",
    "Layer",
    "Machine",
    "Network",
    "machine_of",
    "prior_of",
    "read_machine",
    "read_network",
    "shipped",
    "shipped_machine",
]
