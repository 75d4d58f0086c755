# What was measured of each operator and timed case, beside one another.
# $seeds: records of ke-eval; $search: lines of step search; $torch: those of
# ke-bench-torch.  Times in us, of one execution.

# Times under one, over one: means of ratios are geometric.
def mean: map(values) | if length == 0 then null
    else (map(log) | add / length | exp) end;
def known: with_entries(select(.value != null));

def file: split("/") | last;

# The rates that were measured on the same device.
def ceilings($device): [$torch[] | select(.ceilings and .device == $device)] |
    last | .ceilings;

# PyTorch on that case: several lines, each with some of the modes.
def of_torch($op; $dtype; $dims):
    [$torch[] | select(.op == $op and .dtype == $dtype and .dims == $dims)] |
    {eager: (map(.eager | select(.t_us)) | last),
     compiled: (map(.modes // {} | to_entries[] |
       select(.value.t_us) | .value + {mode: .key}) | min_by(.t_us))};

# One kernel stands for an operator: that with the best score over its cases.
def candidates:
    [$seeds[] | {op, dtype, name: (.name | file), eval, error}] +
    [$search[] | select(.kind == "best" and .eval) |
     {op, dtype, choice, eval, name: ((if .seed == "" then "another text"
       else .seed // "?" end) + " by search")}];

def row($o): . as $c |
    of_torch($o.op; $o.dtype; .dims) as $t | $o.eval.env as $env |
    (ceilings($env.device).matmul_flops // {})[$o.dtype] as $flops |
    (if .bytes and $env.peak_bps then
      1e6 * .bytes / .t_us / $env.peak_bps else null end) as $memory |
    (if .flops and $flops then 1e6 * .flops / .t_us / $flops
      else null end) as $compute |
    {op: $o.op, dtype: $o.dtype, dims, device: $env.device,
     effort: $o.eval.effort, best: $o.name, choice: $o.choice,
     base_us: .baseline_us, t_us, t_lo_us, t_hi_us, speedup,
     eager_us: $t.eager.t_us, eager_open_us: $t.eager.open_us,
     compiled_us: $t.compiled.t_us, compiled_open_us: $t.compiled.open_us,
     mode: $t.compiled.mode,
     over_eager: (if $t.eager then $t.eager.t_us / $c.t_us else null end),
     over_compiled: (if $t.compiled then $t.compiled.t_us / $c.t_us
       else null end),
     of_memory: $memory, of_compute: $compute,
     roof: ([$memory, $compute] | map(values) | max)} | known;

def operator:
    (map(select(.eval.status == "pass")) | max_by(.eval.score)) as $o |
    if $o == null then
      .[0] | {op, dtype, status: (.eval.status // "error"),
        code: (.eval.code // .error.message // "" | .[:120])} | known
    else
      [$o.eval.cases[] | select(.set != "check" and .t_us) | row($o)] |
      .[], ({op: $o.op, dtype: $o.dtype, best: $o.name, cases: length,
        score: $o.eval.score, speedup: $o.eval.speedup.mid,
        over_eager: (map(.over_eager) | mean),
        over_compiled: (map(.over_compiled) | mean),
        over_faster: (map([.over_eager, .over_compiled] | map(values) |
          min) | mean),
        roof: (map(.roof) | mean)} | known)
    end;

candidates | group_by([.op, .dtype])[] | operator
