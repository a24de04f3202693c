"""Training of learned priors: needs the extra `learn` (PyTorch, fonts, segno).

PyTorch and not JAX: its convolutions on a processor core are four times as fast in bfloat16
as in JAX's float32, and one wheel without a GPU holds all of it.
"""
