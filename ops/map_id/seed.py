"""ke-plan
{ "tune": {
    "BN": [32, 64, 128, 256, 512, 1024],
    "WARPS": [1, 2, 4, 8],
    "REACH": [2, 4, 8, 16]},
  "choice": [
    {"when": "B >= 1048576", "BN": 512, "WARPS": 4, "REACH": 4},
    {"BN": 128, "WARPS": 2, "REACH": 4}],
  "require": ["BN >= 32*WARPS"],
  "launches": [
    {"kernel": "map_id", "grid": ["cdiv(B, BN)"], "num_warps": "WARPS",
     "args": ["M", "v", "out", "U", "B"]}] }

Where ids are spread evenly, an id's distance from the table's first tells its
place to within an entry: if REACH entries before and behind that guess have it
between them, those are halved, else the whole table is.  A program's ids are
done together.
"""
import triton
import triton.language as tl


@triton.jit
def map_id(M, v, out, U, B, BN: tl.constexpr, REACH: tl.constexpr):
    i = tl.program_id(0).to(tl.int64) * BN + tl.arange(0, BN)
    inside = i < B
    first = tl.load(M)
    last = tl.load(M + U - 1)
    id = tl.load(v + i, mask=inside, other=0)
    within = inside & (id >= first) & (id <= last)
    # the distances as unsigned, which no two ids are too far apart for
    away = (id - first).to(tl.uint64, bitcast=True).to(tl.float64)
    span = (last - first).to(tl.uint64, bitcast=True).to(tl.float64)
    guess = tl.where(within, away / tl.maximum(span, 1) * (U - 1), 0)
    guess = guess.to(tl.int32)
    low = tl.maximum(guess - REACH, 0)
    high = tl.minimum(guess + REACH, U - 1)
    # the first place that isn't below the id lies in [lo, hi]
    lo = tl.where(within & (tl.load(M + low) < id), low + 1, 0)
    hi = tl.where(within & (tl.load(M + high) >= id), high, U - 1)
    hi = tl.where(within, hi, lo)
    while tl.max(hi - lo, 0) > 0:
        middle = lo + (hi - lo) // 2
        less = tl.load(M + middle) < id
        lo = tl.where((lo < hi) & less, middle + 1, lo)
        hi = tl.where(less, hi, middle)
    found = within & (tl.load(M + lo) == id)
    tl.store(out + i, tl.where(found, lo + 1, 0).to(tl.int64), mask=inside)
