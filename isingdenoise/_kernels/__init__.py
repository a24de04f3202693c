"""Numba kernels: arrays and scalars in, out-arrays and numbers back.

The only package that imports numba. Nothing here validates, raises or prints,
and the compiled functions allocate nothing. Before numba is loaded the
variables are checked on which it would die.
"""

from ..environment import check_environment, unswayed

check_environment()
with unswayed():
    import numba  # noqa: F401 - it reads its settings now
