"""ke-plan
{ "tune": {
    "USERS": [1, 2, 4, 8, 16, 32],
    "BE": [32, 64, 128, 256],
    "BV": [32, 64, 128, 256, 512],
    "WARPS": [1, 2, 4, 8]},
  "choice": [
    {"when": "F*U > 16384", "USERS": 8, "BE": 128, "BV": 256, "WARPS": 4},
    {"USERS": 4, "BE": 256, "BV": 512, "WARPS": 4}],
  "require": ["USERS*BE <= 1024*WARPS", "USERS*BV <= 1024*WARPS"],
  "workspace": {
    "user": {"dtype": "i64", "shape": ["2", "F", "U"]},
    "span": {"dtype": "i64", "shape": ["2", "F", "cdiv(U, USERS)"]}},
  "launches": [
    {"kernel": "events", "grid": ["cdiv(U, USERS)", "F"],
     "num_warps": "WARPS",
     "args": ["outer_lengths", "inner_lengths", "outer_out", "inner_out",
       "n_inner", "user", "span", "F", "U", "E", "N", "K"]},
    {"kernel": "copy", "grid": ["cdiv(U, USERS)", "F"], "num_warps": "WARPS",
     "args": ["values", "user", "span", "values_out", "n_values", "F", "U",
       "E", "K"]}] }

A program is a span of USERS users of a feature, whose events, and then values,
it copies in tiles of USERS by BE, or BV.  The first launch adds up the outer
lengths before its span, which says where its events start, before and after;
and leaves how many values each user, and the span, keeps and has.  The second
adds those up in turn and copies values.  So every input is read once, but for
lengths before a span.
"""
import triton
import triton.language as tl

AT_ONCE = tl.constexpr(256)  # what precedes, added up


@triton.jit
def events(outer, inner, outer_out, inner_out, n_inner, user, span, F, U, E, N,
           K, USERS: tl.constexpr, BE: tl.constexpr):
    f = tl.program_id(1).to(tl.int64)
    first = tl.program_id(0) * USERS
    outer += f * U
    kept = tl.zeros([AT_ONCE], tl.int64)
    every = tl.zeros([AT_ONCE], tl.int64)
    for at in range(0, first, AT_ONCE):
        i = at + tl.arange(0, AT_ONCE)
        n = tl.load(outer + i, mask=i < first, other=0)
        kept += tl.minimum(n, N)
        every += n
    i = first + tl.arange(0, USERS)
    n = tl.load(outer + i, mask=i < U, other=0)
    keep = tl.minimum(n, N)
    # where the users' events start, and are to
    start = tl.sum(every, 0) + tl.cumsum(n, 0) - n
    to = tl.sum(kept, 0) + tl.cumsum(keep, 0) - keep
    tl.store(outer_out + f * U + i, keep, mask=i < U)
    tl.store(n_inner + f + i * 0, to + keep, mask=i == U - 1)
    inner += f * U * E
    inner_out += f * U * K
    kept_values = tl.zeros([USERS], tl.int64)
    values = tl.zeros([USERS], tl.int64)
    for at in range(0, tl.max(n, 0), BE):
        e = (at + tl.arange(0, BE))[None, :]
        v = tl.load(inner + start[:, None] + e, mask=e < n[:, None], other=0)
        tl.store(inner_out + to[:, None] + e, v, mask=e < keep[:, None])
        values += tl.sum(v, 1)
        kept_values += tl.sum(tl.where(e < keep[:, None], v, 0), 1)
    user += f * U
    spans = tl.cdiv(U, USERS)
    span += f * spans + tl.program_id(0)
    tl.store(user + i, kept_values, mask=i < U)
    tl.store(user + F.to(tl.int64) * U + i, values, mask=i < U)
    tl.store(span, tl.sum(kept_values, 0))
    tl.store(span + F * spans, tl.sum(values, 0))


@triton.jit
def copy(values, user, span, values_out, n_values, F, U, E, K,
         USERS: tl.constexpr, BV: tl.constexpr):
    f = tl.program_id(1).to(tl.int64)
    spans = tl.cdiv(U, USERS)
    span += f * spans
    kept = tl.zeros([AT_ONCE], tl.int64)
    every = tl.zeros([AT_ONCE], tl.int64)
    for at in range(0, tl.program_id(0), AT_ONCE):
        i = at + tl.arange(0, AT_ONCE)
        before = i < tl.program_id(0)
        kept += tl.load(span + i, mask=before, other=0)
        every += tl.load(span + F * spans + i, mask=before, other=0)
    i = tl.program_id(0) * USERS + tl.arange(0, USERS)
    user += f * U
    keep = tl.load(user + i, mask=i < U, other=0)
    n = tl.load(user + F.to(tl.int64) * U + i, mask=i < U, other=0)
    start = tl.sum(every, 0) + tl.cumsum(n, 0) - n
    to = tl.sum(kept, 0) + tl.cumsum(keep, 0) - keep
    tl.store(n_values + f + i * 0, to + keep, mask=i == U - 1)
    values += f * U * E * 3
    values_out += f * U * K * 3
    for at in range(0, tl.max(keep, 0), BV):
        e = (at + tl.arange(0, BV))[None, :]
        inside = e < keep[:, None]
        v = tl.load(values + start[:, None] + e, mask=inside)
        tl.store(values_out + to[:, None] + e, v, mask=inside)
