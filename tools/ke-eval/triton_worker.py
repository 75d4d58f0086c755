"""Compiles the launches of a plan with Triton, in the compiler's process.

The folder it starts in has in.c: a line of JSON that says what is launched,
then the candidate's Python.  It leaves out.so there: a line of JSON that says
where each launch's object stands in the file and what its launch needs, then
the objects.  What the candidate did wrong goes to standard error, status 1.

argv: "once", or as the server of warm.h the layers of the sandbox that it is
in; and the architecture.

The candidate may hold the functions and the constants that they use, nothing
that runs on the host.  That is asked of it so that a mistake is told early; it
is the sandbox around this process, and no list of allowed words, that keeps
what is compiled from the rest of the machine.
"""
import ast
import collections
import ctypes
import gc
import itertools
import json
import linecache
import os
import re
import sys
import types

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.backends.nvidia.compiler import CUDABackend
from triton.compiler import ASTSource
from triton.compiler.errors import CompilationError
from triton.runtime.cache import CacheManager
from triton.runtime.jit import JITFunction

NAME = "candidate.py"
ALIGN = 64  # of an object in the file
LDS = 65536  # bytes that a block can have on AMD's gfx90a and gfx942
OURS = "import triton\n@triton.jit\ndef nothing():\n    pass\n"
TYPES = {"f32": "fp32", "f64": "fp64", "f16": "fp16", "bf16": "bf16",
         "i32": "i32", "i64": "i64", "u8": "u8"}


class Refused(Exception):
    """What is wrong, with its line (0: none)."""

    def __init__(self, line, why):
        super().__init__(why)
        self.line = line


class Here(CacheManager):
    """Triton hands files from stage to stage by way of its cache.  Ours is the
    folder that this process was given, and remembers nothing."""

    def __init__(self, key, override=False, dump=False):
        pass

    def get_file(self, filename):
        return None

    def put(self, data, filename, binary=True):
        text = data if isinstance(data, bytes) else str(data).encode()
        with open(filename, "wb") as f:
            f.write(text)
        return filename

    def get_group(self, filename):
        return None

    def put_group(self, filename, group):
        pass


def without_strings(make):
    """Linking libdevice leaves the names of its switches behind, as variables
    that nothing uses.  Those go; one that is used stays, and is refused."""
    variable = re.compile(r"^[ \t]*(?:\.\w+[ \t]+)?\.global\b[^;\n]*?"
                          r"([\w$]+)\[\d+\][^;\n]*;[^\n]*\n", re.M)

    def made(*args):
        ptx = make(*args)
        words = collections.Counter(re.findall(r"[\w$]+", ptx))
        return variable.sub(
            lambda m: "" if words[m[1]] == 1 else m[0], ptx)

    return made


def is_constant(e):
    """Literals, names of others, arithmetic, tl.constexpr() around them."""
    if isinstance(e, ast.Call):
        return (ast.unparse(e.func) in ("tl.constexpr", "constexpr") and
                not e.keywords and all(map(is_constant, e.args)))
    if isinstance(e, ast.BinOp):
        return is_constant(e.left) and is_constant(e.right)
    if isinstance(e, ast.UnaryOp):
        return is_constant(e.operand)
    return isinstance(e, (ast.Constant, ast.Name))


def is_function(s):
    a = s.args
    words = [p.annotation for p in a.posonlyargs + a.args + a.kwonlyargs]
    words.append(s.returns)
    return ([ast.unparse(d) for d in s.decorator_list] == ["triton.jit"] and
            all(map(is_constant, a.defaults)) and
            all(d is None or is_constant(d) for d in a.kw_defaults) and
            all(w is None or isinstance(w, (ast.Name, ast.Attribute))
                for w in words))


def is_triton(module):
    return module == "triton" or re.match(r"triton\.language(\.|$)", module)


def is_device_code(s):
    if isinstance(s, ast.Import):
        return all(is_triton(n.name) for n in s.names)
    if isinstance(s, ast.ImportFrom):
        return s.level == 0 and is_triton(s.module)
    if isinstance(s, ast.FunctionDef):
        return is_function(s)
    if isinstance(s, ast.Assign):
        return is_constant(s.value)
    if isinstance(s, ast.AnnAssign):
        return s.value is not None and is_constant(s.value)
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)


def load(text):
    """The candidate's module, which holds functions that Triton can read."""
    for s in ast.parse(text, NAME).body:
        if not is_device_code(s):
            raise Refused(s.lineno, "no host code: a candidate is imports of "
                          "triton, constants and @triton.jit functions")
    module = types.ModuleType("candidate")
    module.__file__ = NAME
    sys.modules["candidate"] = module
    # where inspect, and with it triton.jit, finds the text
    linecache.cache[NAME] = (len(text), None, text.splitlines(True), NAME)
    exec(compile(text, NAME, "exec"), module.__dict__)
    return module


def bind(fn, launch):
    """The types of the parameters, the values of those that are constants, and
    what else the compiler may know of the others."""
    signature, values, known = {}, {}, {}
    args = iter(launch["args"])
    for i, p in enumerate(fn.params):
        if p.is_constexpr:
            if p.name in launch["constexpr"]:
                values[(i,)] = launch["constexpr"][p.name]
            elif p.has_default:
                values[(i,)] = p.default
            else:
                raise Refused(fn.starting_line_number, f"{p.name}: no tunable, "
                              "nor in constants, nor in the launch's constexpr")
            signature[p.name] = "constexpr"
            continue
        a = next(args, None)
        if a is None:
            raise Refused(fn.starting_line_number, f"{p.name}: the plan has no "
                          "argument for it")
        signature[p.name] = ("*" if a["pointer"] else "") + TYPES[a["type"]]
        if a["divisible"]:
            known[(i,)] = [["tt.divisibility", 16]]
    left = len(list(args))
    if left:
        raise Refused(fn.starting_line_number, f"the plan has {left} arguments "
                      f"more than {fn.__name__} takes")
    return ASTSource(fn, signature, values, known)


def count_parameters(made, target):
    """Of the kernel, as the object will have them."""
    if target.backend == "hip":
        return len(re.findall(r"\.value_kind:\s+(?!\s|hidden_)",
                              made.asm["amdgcn"]))
    entry = re.search(r"\.entry\s+\w+\s*\((.*?)\)", made.asm["ptx"], re.S)
    return len(re.findall(r"\.param\b", entry.group(1)))


def build(module, launch, target):
    fn = getattr(module, launch["kernel"], None)
    if not isinstance(fn, JITFunction):
        raise Refused(0, f"{launch['kernel']}: no such @triton.jit function")
    options = {k: launch[k] for k in ("num_warps", "num_stages")
               if k in launch}
    source = bind(fn, launch)
    made = triton.compile(source, target=target, options=options)
    # AMD's backend lets stages take more LDS than there is
    while target.backend == "hip" and made.metadata.shared > LDS and \
            made.metadata.num_stages > 1:
        options["num_stages"] = made.metadata.num_stages - 1
        made = triton.compile(source, target=target, options=options)
    m = made.metadata
    # AMD's backend has no scratch but for profiles
    scratch = getattr(m, "global_scratch_size", 0) + m.profile_scratch_size
    if scratch > 0:
        raise Refused(fn.starting_line_number, f"{launch['kernel']}: needs "
                      f"{scratch} bytes of scratch in global memory for each "
                      "block: declare a workspace")
    if target.backend == "hip" and m.shared > LDS:
        raise Refused(fn.starting_line_number, f"{launch['kernel']}: needs "
                      f"{m.shared} bytes of shared memory, of {LDS}")
    if m.num_ctas != 1:
        raise Refused(fn.starting_line_number, "a cluster")
    return made.asm["hsaco" if target.backend == "hip" else "cubin"], {
        "kernel": m.name, "shared": m.shared,
        "threads": target.warp_size * m.num_warps,
        "pointers": count_parameters(made, target) - len(launch["args"])}


def target_of(arch):
    if arch.startswith("gfx"):
        return GPUTarget("hip", arch, 32 if int(arch[3:-2]) >= 10 else 64)
    return GPUTarget("cuda", int(re.match(r"sm_(\d+)", arch).group(1)), 32)


def write(parts):
    """The head's length depends on the numbers in it: room is left."""
    room = -(-(256 * len(parts) + 64) // ALIGN) * ALIGN
    at = room
    for cubin, facts in parts:
        facts["at"], facts["bytes"] = at, len(cubin)
        at += -(-len(cubin) // ALIGN) * ALIGN
    head = json.dumps({"parts": [facts for _, facts in parts]})
    if len(head) >= room:
        raise Refused(0, "a kernel's name is too long")
    with open("out.so", "wb") as f:
        f.write(head.encode().ljust(room - 1) + b"\n")
        for cubin, _ in parts:
            f.write(cubin.ljust(-(-len(cubin) // ALIGN) * ALIGN, b"\0"))


def line_of(module, e):
    """Triton counts from the function's def."""
    for f in vars(module).values():
        if isinstance(f, JITFunction) and f.src == e.src and e.node is not None:
            above = next(i for i, s in enumerate(f.raw_src)
                         if re.match(r"\s*def\s", s))
            return f.starting_line_number + above + e.node.lineno - 1
    return 0


def told(module, e):
    """The line and the words of an error."""
    if isinstance(e, Refused):
        return e.line, str(e)
    if isinstance(e, SyntaxError):
        return e.lineno or 0, e.msg
    if isinstance(e, CompilationError):
        while isinstance(e.__cause__, CompilationError):
            e = e.__cause__
        words = e.error_message or (str(e.__cause__) if e.__cause__ else "")
        return line_of(module, e), words or "does not compile"
    return 0, f"{type(e).__name__}: {e}"


def compile_text(arch, source):
    target = target_of(arch)
    with open(source, encoding="utf-8") as f:
        head, text = f.readline(), f.read()
    module = None
    try:
        module = load(text)
        write([build(module, launch, target)
               for launch in json.loads(head)["launches"]])
    except Exception as e:  # whatever it is, the candidate brought it about
        line, words = told(module, e)
        place = f"{NAME}:{line}" if line else NAME
        print(f"{place}: error: {words}", file=sys.stderr)
        return 1
    return 0


def warm_up(arch):
    """Triton loads and looks up more when it first compiles."""
    build(load(OURS), {"kernel": "nothing", "args": [], "constexpr": {}},
          target_of(arch))
    gc.collect()


def serve(layers, arch):
    """Comes back in each process that the server forks, and at the end."""
    library = ctypes.PyDLL("./warm.so")
    words = ctypes.create_string_buffer(64)
    if library.warm_open(ctypes.c_uint(layers)) == -1:
        return 126
    for n in itertools.count():
        if library.warm_receive(words) == 0:
            return 0
        if n == 1:  # one text alone would not be sooner done
            warm_up(arch)
        if library.warm_fork() == 1:
            break
    status = compile_text(words.value.decode(), 3)
    if status == 0:
        with open("out.so", "rb") as made:
            while os.sendfile(4, made.fileno(), None, 1 << 30) > 0:
                pass
    return status


def main():
    mode, arch = sys.argv[1:3]
    triton.knobs.cache.manager_class = Here
    triton.runtime.cache.triton_key = lambda: ""  # read by a cache alone
    CUDABackend.make_ptx = without_strings(CUDABackend.make_ptx)
    status = compile_text(arch, "in.c") if mode == "once" else serve(
        int(mode), arch)
    sys.stderr.flush()
    os._exit(status)  # nothing is left that would need an orderly end


main()
