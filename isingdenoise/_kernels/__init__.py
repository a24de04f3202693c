"""Numba kernels: arrays and scalars in, out-arrays and numbers back.

The only package that imports numba. Nothing here validates, raises or prints,
and the compiled functions allocate nothing.
"""
