"""ke-plan
{ "tune": {
    "BM": [16, 32, 64],
    "BD": [16, 32, 64],
    "BN": [64, 128, 256],
    "SPLIT": [1, 2, 4, 8],
    "WARPS": [4, 8],
    "STAGES": [1, 2, 3]},
  "choice": [
    {"when": "N > 64", "BM": 32, "BD": 16, "BN": 64, "SPLIT": 1, "WARPS": 4,
     "STAGES": 1},
    {"when": "N > 32", "BM": 64, "BD": 32, "BN": 128, "SPLIT": 1, "WARPS": 4,
     "STAGES": 2},
    {"BM": 32, "BD": 32, "BN": 128, "SPLIT": 2, "WARPS": 4, "STAGES": 3}],
  "domain": ["N <= 256"],
  "launches": [
    {"kernel": "fm", "grid": ["SPLIT", "cdiv(N, BM)", "B"],
     "num_warps": "WARPS", "num_stages": "STAGES",
     "constexpr": {"NP": "max(16, pow2(N))", "PAIRS": "K % 2 == 0"},
     "args": ["X", "Y", "out", "N", "D", "K"]}] }

X X^T first, a small matrix, of which a program has BM rows; then those times
every SPLIT-th tile of BN columns of Y.

X X^T is summed in f32.  Its rows, scaled to be near 1, are split in two parts
of f16, so that the product with Y loses nothing that f32 would keep.  In f32
products are those of f32, which tensor cores can't; tiles are smaller there.

Where K is even (PAIRS), so that rows begin at multiples of four bytes, the
compiler is told.
"""
import triton
import triton.language as tl


@triton.jit
def fm(X, Y, out, N, D, K, BM: tl.constexpr, BD: tl.constexpr,
       BN: tl.constexpr, SPLIT: tl.constexpr, NP: tl.constexpr,
       PAIRS: tl.constexpr):
    f32: tl.constexpr = X.dtype.element_ty == tl.float32
    step: tl.constexpr = 16 if f32 else BD
    wide: tl.constexpr = 32 if f32 else BN
    if PAIRS:
        K = K // 2 * 2
    X += tl.program_id(2).to(tl.int64) * N * D
    Y += tl.program_id(2).to(tl.int64) * N * K
    out += tl.program_id(2).to(tl.int64) * N * K
    n = tl.program_id(1) * BM + tl.arange(0, BM)
    m = tl.arange(0, NP)
    d = tl.arange(0, step)
    gram = tl.zeros([BM, NP], tl.float32)
    for at in range(0, D, step):
        u = tl.load(X + n[:, None] * D + (at + d)[None, :],
                    mask=(n < N)[:, None] & (at + d < D)[None, :], other=0)
        v = tl.load(X + m[None, :] * D + (at + d)[:, None],
                    mask=(m < N)[None, :] & (at + d < D)[:, None], other=0)
        gram = tl.dot(u, v, gram, input_precision="ieee")
    most = tl.max(tl.abs(gram), 1)[:, None]
    # a power of two: what it multiplies keeps its bits
    by = tl.exp2(tl.minimum(-tl.floor(tl.log2(tl.maximum(most, 1e-37))),
                            120.0))
    high = (gram * by).to(X.dtype.element_ty)
    low = (gram * by - high.to(tl.float32)).to(X.dtype.element_ty)
    for at in range(tl.program_id(0) * wide, K, SPLIT * wide):
        k = at + tl.arange(0, wide)
        v = tl.load(Y + m[:, None] * K + k[None, :],
                    mask=(m < N)[:, None] & (k < K)[None, :], other=0)
        if f32:
            acc = tl.dot(gram, v, input_precision="ieee")
        else:
            acc = tl.dot(high, v, tl.dot(low, v)) * (1 / by)
        tl.store(out + n[:, None] * K + k[None, :],
                 acc.to(out.dtype.element_ty),
                 mask=(n < N)[:, None] & (k < K)[None, :])
