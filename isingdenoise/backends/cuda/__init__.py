"""The backend on a graphics card: lattices whose planes stay there between sweeps.

`card` tells whether there is one, without loading anything for it; `choice` decides, and the
rest is loaded only then.
"""
