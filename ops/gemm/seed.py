"""ke-plan
{ "tune": {
    "BM": [32, 64, 128, 256],
    "BN": [32, 64, 128, 256],
    "BK": [32, 64, 128],
    "GROUP": [1, 2, 4, 8, 16],
    "WARPS": [4, 8],
    "STAGES": [2, 3, 4, 5, 6]},
  "choice": [
    {"when": "M <= 128", "BM": 64, "BN": 64, "BK": 64, "GROUP": 2, "WARPS": 4,
     "STAGES": 6},
    {"BM": 128, "BN": 256, "BK": 64, "GROUP": 8, "WARPS": 8, "STAGES": 3}],
  "require": ["BM*BN <= 4096*WARPS"],
  "launches": [
    {"kernel": "gemm", "grid": ["cdiv(M, BM)*cdiv(N, BN)"],
     "num_warps": "WARPS", "num_stages": "STAGES",
     "constexpr": {"EVEN": "K % BK == 0"},
     "args": ["A", "B", "C", "M", "N", "K"]}] }

A program has a tile of BM by BN; GROUP rows of tiles are walked together, for
the second-level cache.  Rows behind A's last are its last, and not stored.  In
f32 products are those of f32, which tensor cores can't, so that steps are short
there.
"""
import triton
import triton.language as tl


@triton.jit
def gemm(A, B, C, M, N, K, BM: tl.constexpr, BN: tl.constexpr,
         BK: tl.constexpr, GROUP: tl.constexpr, EVEN: tl.constexpr):
    step: tl.constexpr = 16 if A.dtype.element_ty == tl.float32 else BK
    rows = tl.cdiv(M, BM)
    per = GROUP * tl.cdiv(N, BN)
    first = tl.program_id(0) // per * GROUP
    high = tl.minimum(rows - first, GROUP)
    in_group = tl.program_id(0) % per
    i = (first + in_group % high) * BM + tl.arange(0, BM)
    j = in_group // high * BN + tl.arange(0, BN)
    k = tl.arange(0, step)
    a = A + tl.minimum(i, M - 1).to(tl.int64)[:, None] * K + k[None, :]
    b = B + k.to(tl.int64)[:, None] * N + j[None, :]
    acc = tl.zeros([BM, BN], tl.float32)
    for at in range(0, K, step):
        if EVEN:
            u = tl.load(a)
            v = tl.load(b, mask=(j < N)[None, :], other=0)
        else:
            u = tl.load(a, mask=(at + k < K)[None, :], other=0)
            v = tl.load(b, mask=(at + k < K)[:, None] & (j < N)[None, :],
                        other=0)
        acc = tl.dot(u, v, acc, input_precision="ieee")
        a += step
        b += step * N.to(tl.int64)
    tl.store(C + i.to(tl.int64)[:, None] * N + j[None, :],
             acc.to(C.dtype.element_ty),
             mask=(i < M)[:, None] & (j < N)[None, :])
