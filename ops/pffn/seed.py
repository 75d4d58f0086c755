"""ke-plan
{ "tune": {
    "BM": [16, 32, 64, 128],
    "BK": [16, 32, 64],
    "WARPS": [4, 8],
    "STAGES": [1, 2, 3]},
  "choice": {"BM": 64, "BK": 32, "WARPS": 4, "STAGES": 2},
  "require": ["BM*WARPS != 512"],
  "launches": [
    {"kernel": "pffn", "grid": ["cdiv(N, D > 256 ? 16 : BM)", "B"],
     "num_warps": "WARPS", "num_stages": "STAGES",
     "constexpr": {"ROWS": "D > 256 ? 16 : BM", "STEP": "D > 256 ? 16 : BK",
       "DP": "max(16, pow2(D))"},
     "args": ["X", "W1", "b1", "g1", "W2", "b2", "g2", "y", "N", "D", "K"]}] }

A program is ROWS rows of a sample, from X to y, which nothing leaves in between:
STEP elements of h at a time are had from all of X's rows and multiplied with
their rows of W2 at once.  More rows a warp than 16 don't fit into registers;
64 rows of two warpgroups are what Triton 3.6.0 miscompiles for sm_90.  What the
norm of h is, a factor of the row, is known at the end, and used there.

For the tensor cores a row's elements of h, scaled to be near 1, are split in
two parts of f16, so that nothing is lost that f32 would keep.  In f32 products
are those of f32, which tensor cores can't: a program has its rows 16 at a time.
"""
import triton
import triton.language as tl


@triton.jit
def product(acc, h, w):
    """acc + h w, h in f32"""
    if w.dtype == tl.float32:
        acc = tl.dot(h, w, acc, input_precision="ieee")
    else:
        most = tl.max(tl.abs(h), 1)[:, None]
        # a power of two: what it multiplies keeps its bits
        by = tl.exp2(tl.minimum(-tl.floor(tl.log2(tl.maximum(most, 1e-37))),
                                120.0))
        high = (h * by).to(w.dtype)
        low = (h * by - high.to(tl.float32)).to(w.dtype)
        own = tl.dot(low, w)
        acc += tl.dot(high, w, own) * (1 / by)
    return acc


@triton.jit
def pffn(X, W1, b1, g1, W2, b2, g2, y, N, D, K, ROWS: tl.constexpr,
         STEP: tl.constexpr, DP: tl.constexpr):
    f32: tl.constexpr = X.dtype.element_ty == tl.float32
    rows: tl.constexpr = 16 if f32 else ROWS
    step: tl.constexpr = 16 if f32 else STEP
    sample = tl.program_id(1).to(tl.int64)
    X += sample * N * D
    W1 += sample * D * K
    W2 += sample * K * D
    y += sample * N * D
    d = tl.arange(0, DP)
    k = tl.arange(0, step)
    for part in range(ROWS // rows):
        n = tl.program_id(0) * ROWS + part * rows + tl.arange(0, rows)
        inside = (n < N)[:, None] & (d < D)[None, :]
        x = tl.load(X + n[:, None] * D + d[None, :], mask=inside, other=0)
        acc = tl.zeros([rows, DP], tl.float32)
        square = tl.zeros([rows], tl.float32)
        for at in range(0, K, step):
            there = at + k < K
            w = tl.load(W1 + d[:, None] * K + (at + k)[None, :],
                        mask=(d < D)[:, None] & there[None, :], other=0)
            bias = tl.load(b1 + sample * K + at + k, mask=there, other=0)
            gain = tl.load(g1 + at + k, mask=there, other=0)
            h = tl.dot(x, w, input_precision="ieee") + bias.to(
                tl.float32)[None, :]
            h = 0.5 * h * (1 + tl.math.erf(h * 0.7071067811865476))
            square += tl.sum(h * h, 1)
            w = tl.load(W2 + (at + k)[:, None] * D + d[None, :],
                        mask=there[:, None] & (d < D)[None, :], other=0)
            acc = product(acc, h * gain.to(tl.float32)[None, :], w)
        r = 1 / tl.sqrt(square / K + 1e-6)
        bias = tl.load(b2 + sample * D + d, mask=d < D, other=0)
        v = acc * r[:, None] + bias.to(tl.float32)[None, :]
        r = 1 / tl.sqrt(tl.sum(v * v, 1) / D + 1e-6)
        gain = tl.load(g2 + d, mask=d < D, other=0).to(tl.float32)
        v = v * r[:, None] * gain[None, :]
        tl.store(y + n[:, None] * D + d[None, :], v.to(y.dtype.element_ty),
                 mask=inside)
