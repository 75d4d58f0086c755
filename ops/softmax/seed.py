"""ke-plan
{ "tune": {
    "BN": [512, 1024, 2048, 4096, 8192],
    "WARPS": [1, 2, 4, 8, 16],
    "STAGES": [1, 2, 3, 4]},
  "choice": [
    {"when": "N > 1024", "BN": 4096, "WARPS": 8, "STAGES": 2},
    {"BN": 1024, "WARPS": 4, "STAGES": 1}],
  "require": ["BN >= 32*WARPS"],
  "launches": [
    {"kernel": "softmax", "grid": ["M"], "num_warps": "WARPS",
     "num_stages": "STAGES", "args": ["x", "y", "N"]}] }

A program has a row, in tiles of BN elements.  Each place of a tile keeps the
largest element that it has seen and the sum of exponentials against it, so that
the row is read once for both and reduced once at its end; then it is read again
and written.  A row of one tile comes from the caches the second time.
"""
import triton
import triton.language as tl

LOG2E = tl.constexpr(1.4426950408889634)


@triton.jit
def tile(x, i, N):
    v = tl.load(x + i, mask=i < N, other=-float("inf"))
    return v.to(tl.float32) * LOG2E


@triton.jit
def softmax(x, y, N, BN: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * N
    i = tl.arange(0, BN)
    most = tl.full([BN], -float("inf"), tl.float32)
    total = tl.zeros([BN], tl.float32)
    for at in range(0, N, BN):
        v = tile(x + row, at + i, N)
        new = tl.maximum(most, v)
        # finite, where a place has seen no element yet
        base = tl.maximum(new, -3e38)
        total = total * tl.exp2(most - base) + tl.exp2(v - base)
        most = new
    top = tl.max(most, 0)
    scale = 1 / tl.sum(total * tl.exp2(most - top), 0)
    for at in range(0, N, BN):
        v = tl.exp2(tile(x + row, at + i, N) - top) * scale
        tl.store(y + row + at + i, v.to(y.dtype.element_ty),
                 mask=at + i < N)
