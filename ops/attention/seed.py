"""ke-plan
{ "tune": {
    "BM": [32, 64, 128],
    "BN": [16, 32, 64, 128],
    "WARPS": [4, 8],
    "STAGES": [1, 2, 3, 4]},
  "choice": [
    {"when": "D <= 64", "BM": 128, "BN": 64, "WARPS": 4, "STAGES": 3},
    {"when": "D <= 128", "BM": 128, "BN": 64, "WARPS": 8, "STAGES": 2},
    {"BM": 64, "BN": 16, "WARPS": 4, "STAGES": 1}],
  "launches": [
    {"kernel": "attention", "grid": ["cdiv(S, BM)", "B*H"],
     "num_warps": "WARPS", "num_stages": "STAGES",
     "constexpr": {"DP": "max(16, pow2(D))", "CAUSAL": "causal"},
     "args": ["q", "k", "v", "y", "S", "D"]}] }

A program has BM rows of one head, the last rows first where causal is 1, for
they are the most work.  It walks the keys and values BN at a time, with a
running maximum and sum; only where some key of a step doesn't count for some
row are the scores masked.

In f32 products are those of f32, which tensor cores can't: a program has its
rows 16 at a time there.
"""
import triton
import triton.language as tl

LEAST = tl.constexpr(-3e38)


@triton.jit
def walk(acc, most, total, x, k, v, i, first, end, S, D, scale,
         BN: tl.constexpr, DP: tl.constexpr, CAUSAL: tl.constexpr,
         MASK: tl.constexpr):
    d = tl.arange(0, DP)
    n = tl.arange(0, BN)
    for at in range(first, end, BN):
        j = at + n
        there = (d < D)[None, :]
        if MASK:
            there &= (j < S)[:, None]
        key = tl.load(k + j[:, None] * D + d[None, :], mask=there, other=0)
        s = tl.dot(x, tl.trans(key), input_precision="ieee") * scale
        if MASK:
            counts = (j < S)[None, :]
            if CAUSAL:
                counts &= j[None, :] <= i[:, None]
            s = tl.where(counts, s, LEAST)
        new = tl.maximum(most, tl.max(s, 1))
        p = tl.exp2(s - new[:, None])
        shrink = tl.exp2(most - new)
        total = total * shrink + tl.sum(p, 1)
        val = tl.load(v + j[:, None] * D + d[None, :], mask=there, other=0)
        acc = tl.dot(p.to(val.dtype), val, acc * shrink[:, None],
                     input_precision="ieee")
        most = new
    return acc, most, total


@triton.jit
def attention(q, k, v, y, S, D, BM: tl.constexpr, BN: tl.constexpr,
              DP: tl.constexpr, CAUSAL: tl.constexpr):
    rows: tl.constexpr = 16 if q.dtype.element_ty == tl.float32 else BM
    block = tl.program_id(0)
    if CAUSAL:
        block = tl.cdiv(S, BM) - 1 - block
    head = tl.program_id(1).to(tl.int64) * S * D
    scale = 1.4426950408889634 / tl.sqrt(D.to(tl.float32))
    d = tl.arange(0, DP)
    for part in range(BM // rows):
        low = block * BM + part * rows
        i = low + tl.arange(0, rows)
        inside = (i < S)[:, None] & (d < D)[None, :]
        x = tl.load(q + head + i[:, None] * D + d[None, :], mask=inside,
                    other=0)
        acc = tl.zeros([rows, DP], tl.float32)
        most = tl.full([rows], LEAST, tl.float32)
        total = tl.zeros([rows], tl.float32)
        # as far as all keys count for all rows, and from there on
        whole = S // BN * BN
        end = S
        if CAUSAL:
            whole = tl.minimum(low + 1, S) // BN * BN
            end = tl.minimum(low + rows, S)
        acc, most, total = walk(acc, most, total, x, k + head, v + head, i, 0,
                                whole, S, D, scale, BN, DP, CAUSAL, False)
        acc, most, total = walk(acc, most, total, x, k + head, v + head, i,
                                whole, end, S, D, scale, BN, DP, CAUSAL, True)
        out = acc * (1 / total)[:, None]
        tl.store(y + head + i[:, None] * D + d[None, :],
                 out.to(y.dtype.element_ty), mask=inside)
