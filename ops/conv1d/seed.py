"""ke-plan
{ "tune": {
    "BO": [16, 32, 64, 128],
    "BL": [32, 64, 128, 256],
    "BC": [16, 32, 64],
    "WARPS": [4, 8],
    "STAGES": [1, 2, 3, 4]},
  "choice": [
    {"when": "Cout <= 64", "BO": 64, "BL": 128, "BC": 32, "WARPS": 4,
     "STAGES": 2},
    {"BO": 128, "BL": 128, "BC": 32, "WARPS": 8, "STAGES": 2}],
  "require": ["BO*BL <= 4096*WARPS"],
  "domain": ["B*Cin*L < 2147483648", "B*Cout*L < 2147483648"],
  "workspace": {"taps": {"dtype": "u8", "shape": ["3*4", "Cout", "Cin"]}},
  "launches": [
    {"kernel": "order", "grid": ["cdiv(Cout*Cin, 1024)"], "num_warps": 4,
     "args": ["w", "taps", "Cin", "Cout"]},
    {"kernel": "conv1d", "grid": ["cdiv(B*L, BL)", "cdiv(Cout, BO)"],
     "num_warps": "WARPS", "num_stages": "STAGES",
     "constexpr": {"EIGHTS": "L % 8 == 0"},
     "args": ["x", "taps", "bias", "y", "B", "Cin", "Cout", "L"]}] }

An implicit matrix product: for each tap, w's channels out by channels in times
x's channels in by positions, those of all samples in one row.  The first launch
puts w into an order in which a tap's channels lie beside each other; bytes are
its room, whatever the type.

In f32 products are those of f32, which tensor cores can't, so that steps are
short there.  Where L is a multiple of eight (EIGHTS), the compiler is told.
"""
import triton
import triton.language as tl


@triton.jit
def order(w, taps, Cin, Cout):
    taps = taps.to(tl.pointer_type(w.dtype.element_ty), bitcast=True)
    i = tl.program_id(0) * 1024 + tl.arange(0, 1024)
    n = Cin * Cout
    for tap in tl.static_range(3):
        v = tl.load(w + i * 3 + tap, mask=i < n)
        tl.store(taps + tap * n + i, v, mask=i < n)


@triton.jit
def conv1d(x, taps, bias, y, B, Cin, Cout, L, BO: tl.constexpr,
           BL: tl.constexpr, BC: tl.constexpr, EIGHTS: tl.constexpr):
    step: tl.constexpr = 16 if x.dtype.element_ty == tl.float32 else BC
    taps = taps.to(tl.pointer_type(x.dtype.element_ty), bitcast=True)
    if EIGHTS:
        L = L // 8 * 8
    p = tl.program_id(0) * BL + tl.arange(0, BL)
    o = tl.program_id(1) * BO + tl.arange(0, BO)
    b = p // L
    l = p % L
    c = tl.arange(0, step)
    from_x = b * (Cin * L) + l
    from_w = o * Cin
    acc = tl.zeros([BO, BL], tl.float32)
    for at in range(0, Cin, step):
        there = at + c < Cin
        for tap in tl.static_range(3):
            u = tl.load(taps + tap * Cout * Cin + from_w[:, None] +
                        (at + c)[None, :],
                        mask=(o < Cout)[:, None] & there[None, :], other=0)
            inside = p < B * L
            if tap == 0:
                inside &= l > 0
            if tap == 2:
                inside &= l + 1 < L
            v = tl.load(x + from_x[None, :] + (at + c)[:, None] * L +
                        (tap - 1), mask=there[:, None] & inside[None, :],
                        other=0)
            acc = tl.dot(u, v, acc, input_precision="ieee")
    acc += tl.load(bias + o, mask=o < Cout, other=0).to(tl.float32)[:, None]
    tl.store(y + (b * (Cout * L) + l)[None, :] + o[:, None] * L,
             acc.to(y.dtype.element_ty),
             mask=(o < Cout)[:, None] & (p < B * L)[None, :])
