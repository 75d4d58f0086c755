"""ke-plan
{ "tune": {
    "BN": [64, 128, 256, 512, 1024, 2048],
    "WARPS": [1, 2, 4, 8],
    "HALVE": [0, 1]},
  "choice": [
    {"when": "K > 64", "BN": 256, "WARPS": 4, "HALVE": 1},
    {"when": "B*F >= 1048576", "BN": 1024, "WARPS": 4, "HALVE": 0},
    {"BN": 256, "WARPS": 4, "HALVE": 0}],
  "require": ["BN >= 32*WARPS"],
  "launches": [
    {"kernel": "mbdt", "grid": ["cdiv(B, BN)", "F"], "num_warps": "WARPS",
     "args": ["borders", "x", "y", "B", "K"]}] }

A program has BN values of a feature.  HALVE 0 counts the borders below each,
every border being read once for all of them; HALVE 1 halves what is left of the
borders, for each value by itself.
"""
import triton
import triton.language as tl


@triton.jit
def mbdt(borders, x, y, B, K, BN: tl.constexpr, HALVE: tl.constexpr):
    f = tl.program_id(1).to(tl.int64)
    i = tl.program_id(0) * BN + tl.arange(0, BN)
    v = tl.load(x + f * B + i, mask=i < B, other=0)
    borders += f * (K + 1)
    n = tl.zeros([BN], tl.int32)
    if HALVE:
        end = n + K
        left = K
        while left > 0:
            middle = (n + end) // 2
            less = (n < end) & (tl.load(borders + middle) < v)
            end = tl.where(less, end, middle)
            n = tl.where(less, middle + 1, n)
            left = left // 2
    else:
        for k in range(K):
            n += (tl.load(borders + k) < v).to(tl.int32)
    tl.store(y + f * B + i, f * (K + 1) + n, mask=i < B)
