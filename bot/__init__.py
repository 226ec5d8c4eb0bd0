"""What runs: channels, the turn, decisions and their moves, actions, pages, the command line."""

import os

# Our matrices are tiny: a second BLAS thread costs more in waking it than it brings (a turn 96 → 16 ms to acknowledge).
# It must be said before numpy is imported for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
