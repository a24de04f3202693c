"""The kernels once more, for a graphics card: over the same planes, from the same formulas.

Nothing here is imported by the library itself or by the kernels for the CPU: `numba.cuda` takes
as long to load as all the rest. What a site does (its neighbours, tanh, entropy, the words of
Philox) is compiled from the source of the CPU's kernels; what is written here is which thread
takes which site, and how the threads of a block sum up.
"""
