"""ke-plan
{ "tune": {
    "BN": [256, 512, 1024, 2048, 4096, 8192],
    "ROWS": [1, 2, 4, 8, 16],
    "WARPS": [1, 2, 4, 8, 16],
    "STAGES": [1, 2, 3]},
  "choice": [
    {"when": "N <= 256", "BN": 256, "ROWS": 8, "WARPS": 4, "STAGES": 1},
    {"when": "N <= 1024", "BN": 1024, "ROWS": 2, "WARPS": 4, "STAGES": 1},
    {"BN": 4096, "ROWS": 1, "WARPS": 8, "STAGES": 2}],
  "require": ["BN*ROWS <= 512*WARPS*4"],
  "launches": [
    {"kernel": "layer_norm", "grid": ["cdiv(M, ROWS)"], "num_warps": "WARPS",
     "num_stages": "STAGES", "constexpr": {"ONE": "N <= BN"},
     "args": ["x", "w", "b", "y", "M", "N"]}] }

A program has ROWS rows.  Where a tile of BN elements holds a row (ONE), it is
read once and kept in registers, from which the mean is taken and then the sum
of squared distances.  Longer rows are walked three times.
"""
import triton
import triton.language as tl


@triton.jit
def write(y, at, w, b, d, r, j, N, inside):
    g = tl.load(w + j, mask=j < N).to(tl.float32)
    v = d * r * g + tl.load(b + j, mask=j < N).to(tl.float32)
    tl.store(y + at + j, v.to(y.dtype.element_ty), mask=inside & (j < N))


@triton.jit
def layer_norm(x, w, b, y, M, N, ROWS: tl.constexpr, BN: tl.constexpr,
               ONE: tl.constexpr):
    i = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    j = tl.arange(0, BN)[None, :]
    at = i.to(tl.int64) * N
    inside = i < M
    if ONE:
        v = tl.load(x + at + j, mask=inside & (j < N), other=0).to(tl.float32)
        mean = tl.sum(v, 1)[:, None] / N
        d = tl.where(j < N, v - mean, 0)
        var = tl.sum(d * d, 1)[:, None] / N
        write(y, at, w, b, d, 1 / tl.sqrt(var + 1e-5), j, N, inside)
    else:
        total = tl.zeros([ROWS, BN], tl.float32)
        for k in range(0, N, BN):
            v = tl.load(x + at + k + j, mask=inside & (k + j < N), other=0)
            total += v.to(tl.float32)
        mean = tl.sum(total, 1)[:, None] / N
        total = tl.zeros([ROWS, BN], tl.float32)
        for k in range(0, N, BN):
            v = tl.load(x + at + k + j, mask=inside & (k + j < N), other=0)
            d = tl.where(k + j < N, v.to(tl.float32) - mean, 0)
            total += d * d
        r = 1 / tl.sqrt(tl.sum(total, 1)[:, None] / N + 1e-5)
        for k in range(0, N, BN):
            v = tl.load(x + at + k + j, mask=inside & (k + j < N), other=0)
            write(y, at, w, b, v.to(tl.float32) - mean, r, k + j, N, inside)
