"""refcheck.py OPS: holds each OPS/*/ref.py against what ke-eval -R prints.

Reads the lines from standard input, those of an operator one after the other;
floating tensors are compared as float64, integers as they are.  Prints what
differs and how many cases agree; exits with 1 unless all do.
"""

import importlib.util
import itertools
import json
import sys

import torch

# others run beside this, and threads that wait for work spin
torch.set_num_threads(1)

# ref.c sums in double, one term after the other; PyTorch in another order.
RTOL, ATOL = 1e-10, 1e-12


def load(path):
    spec = importlib.util.spec_from_file_location("ref", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Model()


def tensors(case, role, op):
    """Name to tensor, in the order of op.json."""
    out = {}
    for t in op["tensors"]:
        if t["role"] != role:
            continue
        name, dtype = t["name"], t["dtype"]
        if dtype == "T":
            dtype = case["dtype"]
        kind = torch.float64 if dtype[0] in "fb" else torch.int64
        values = case[role + "puts"][name]
        if kind == torch.int64:
            values = [int(v) for v in values]
        else:
            values = [float("nan" if v is None else v) for v in values]
        out[name] = torch.tensor(values, dtype=kind).reshape(
            case["shapes"][name])
    return out


def compare(name, want, got):
    if got.shape != want.shape:
        return f"{name}: shape {list(got.shape)}, not {list(want.shape)}"
    if got.dtype != want.dtype:
        return f"{name}: {got.dtype}, not {want.dtype}"
    if want.dtype == torch.int64:
        bad = got != want
    else:
        bad = ~torch.isclose(got, want, rtol=RTOL, atol=ATOL)
    if bad.any():
        at = tuple(int(i) for i in bad.nonzero()[0])
        return (f"{name}{list(at)}: {got[at].item()}, ref.c "
                f"{want[at].item()}; {int(bad.sum())} of {bad.numel()} differ")
    return None


def check_lengths(case, op, want):
    """What ref.c says of the length of a row, twice."""
    for t in op["tensors"]:
        if "length" in t and t["name"] in case["lengths"]:
            if case["lengths"][t["name"]] != want[t["length"]].tolist():
                return f"{t['name']}: rows are not as long as {t['length']}"
    return None


def check(case, op, model):
    inputs, want = tensors(case, "in", op), tensors(case, "out", op)
    got = model(*inputs.values(), **case["dims"])
    got = got if isinstance(got, tuple) else (got,)
    if len(got) != len(want):
        return f"{len(got)} outputs, not {len(want)}"
    said = [compare(n, w, g) for (n, w), g in zip(want.items(), got)]
    said.append(check_lengths(case, op, want))
    return next((s for s in said if s), None)


def agree(folder, cases):
    with open(folder + "/op.json") as f:
        op = json.load(f)
    model, n, bad = load(folder + "/ref.py"), 0, 0
    for case in cases:
        said = check(case, op, model)
        n += 1
        if said:
            bad += 1
            print(f"{op['name']} {case['dims']}: {said}")
    print(f"{op['name']}: {n - bad} of {n} cases agree")
    return bad == 0


def main(ops):
    cases = (json.loads(line) for line in sys.stdin)
    all_agree = [agree(f"{ops}/{op}", of) for op, of in
                 itertools.groupby(cases, lambda case: case["op"])]
    return 0 if all_agree and all(all_agree) else 1


sys.exit(main(sys.argv[1]))
