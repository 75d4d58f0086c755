"""ke-plan
{ "tune": {
    "BN": [512, 1024, 2048, 4096, 8192],
    "ROWS": [1, 2, 4, 8],
    "STEPS": [1, 2, 4, 8, 16, 32, 64],
    "WARPS": [1, 2, 4, 8, 16],
    "BC": [16, 32, 64, 128],
    "BP": [16, 32, 64, 128]},
  "choice": [
    {"when": "N <= 512", "BN": 512, "ROWS": 4, "STEPS": 32, "WARPS": 4,
     "BC": 32, "BP": 64},
    {"when": "N <= 1024", "BN": 1024, "ROWS": 2, "STEPS": 16, "WARPS": 4,
     "BC": 32, "BP": 64},
    {"BN": 4096, "ROWS": 1, "STEPS": 16, "WARPS": 8, "BC": 32, "BP": 64}],
  "require": ["BN*ROWS <= 512*WARPS*2"],
  "workspace": {
    "part": {"dtype": "f32", "shape": ["cdiv(M, ROWS*STEPS)", "N"]}},
  "launches": [
    {"kernel": "rows", "grid": ["cdiv(M, ROWS*STEPS)"], "num_warps": "WARPS",
     "constexpr": {"ONE": "N <= BN"},
     "args": ["dy", "x", "w", "dx", "part", "M", "N"]},
    {"kernel": "fold", "grid": ["cdiv(N, BC)"], "num_warps": 4,
     "constexpr": {"PER": "ROWS*STEPS"}, "args": ["part", "dw", "M", "N"]}] }

Memory sees x and dy once.  A program has STEPS times ROWS rows; of each it
takes the two sums, writes dx, and adds to what it has of dw in registers, which
goes to a row of part.  The second launch adds up the rows of part, BP at a time
for BC columns, always in the same order.

Rows that are longer than a tile of BN are walked twice, and what a program has
of dw is added up in its row of part.
"""
import triton
import triton.language as tl


@triton.jit
def sums(g, v, u):
    return tl.sum(v * v, 1)[:, None], tl.sum(g * u * v, 1)[:, None]


@triton.jit
def factors(square, dot, N):
    r = 1 / tl.sqrt(square / N + 1e-6)
    return r, r * r * r * dot / N


@triton.jit
def rows(dy, x, w, dx, part, M, N, ROWS: tl.constexpr, STEPS: tl.constexpr,
         BN: tl.constexpr, ONE: tl.constexpr):
    first = tl.program_id(0) * (ROWS * STEPS) + tl.arange(0, ROWS)[:, None]
    j = tl.arange(0, BN)[None, :]
    part += tl.program_id(0).to(tl.int64) * N
    if ONE:
        u = tl.load(w + j, mask=j < N, other=0).to(tl.float32)
        acc = tl.zeros([ROWS, BN], tl.float32)
        for t in range(STEPS):
            i = first + t * ROWS
            at = i.to(tl.int64) * N + j
            inside = (i < M) & (j < N)
            v = tl.load(x + at, mask=inside, other=0).to(tl.float32)
            g = tl.load(dy + at, mask=inside, other=0).to(tl.float32)
            square, dot = sums(g, v, u)
            a, b = factors(square, dot, N)
            tl.store(dx + at, (a * g * u - b * v).to(dx.dtype.element_ty),
                     mask=inside)
            acc += a * g * v
        k = tl.arange(0, BN)
        tl.store(part + k, tl.sum(acc, 0), mask=k < N)
    else:
        for t in range(STEPS):
            i = first + t * ROWS
            at = i.to(tl.int64) * N
            square = tl.zeros([ROWS, 1], tl.float32)
            dot = tl.zeros([ROWS, 1], tl.float32)
            for k in range(0, N, BN):
                inside = (i < M) & (k + j < N)
                u = tl.load(w + k + j, mask=k + j < N, other=0).to(tl.float32)
                v = tl.load(x + at + k + j, mask=inside, other=0)
                g = tl.load(dy + at + k + j, mask=inside, other=0)
                s, d = sums(g.to(tl.float32), v.to(tl.float32), u)
                square += s
                dot += d
            a, b = factors(square, dot, N)
            for k in range(0, N, BN):
                inside = (i < M) & (k + j < N)
                u = tl.load(w + k + j, mask=k + j < N, other=0).to(tl.float32)
                v = tl.load(x + at + k + j, mask=inside, other=0)
                v = v.to(tl.float32)
                g = tl.load(dy + at + k + j, mask=inside, other=0)
                g = g.to(tl.float32)
                tl.store(dx + at + k + j,
                         (a * g * u - b * v).to(dx.dtype.element_ty),
                         mask=inside)
                to = k + tl.arange(0, BN)
                own = tl.sum(a * g * v, 0)
                if t > 0:
                    own += tl.load(part + to, mask=to < N, other=0)
                tl.store(part + to, own, mask=to < N)


@triton.jit
def fold(part, dw, M, N, BC: tl.constexpr, BP: tl.constexpr,
         PER: tl.constexpr):
    j = tl.program_id(0) * BC + tl.arange(0, BC)
    i = tl.arange(0, BP)
    n = (M - 1) // PER + 1
    acc = tl.zeros([BP, BC], tl.float32)
    for k in range(0, n, BP):
        row = (k + i)[:, None].to(tl.int64) * N
        acc += tl.load(part + row + j[None, :], mask=(k + i < n)[:, None] &
                       (j < N)[None, :], other=0)
    tl.store(dw + j, tl.sum(acc, 0).to(dw.dtype.element_ty), mask=j < N)
