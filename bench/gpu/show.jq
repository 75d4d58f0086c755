# The lines of table.jq for people.
def r($n): if . == null then "-" else
    . as $x | pow(10; $n) as $p | ($x * $p | round) / $p | tostring end;
def us: if . == null then "-" elif . >= 1e3 then "\(. / 1e3 | r(3)) ms"
    else "\(. | r(2)) us" end;
def percent: if . == null then "-" else "\(. * 100 | round) %" end;
def dims: to_entries | map("\(.key)=\(.value)") | join(" ");
def columns: (transpose | map(map(length) | max + 2)) as $w |
    .[] | [to_entries[] | (.value + " " * $w[.key])[:$w[.key]]] |
    add | sub(" +$"; "");
def short: {"default": "d", "max-autotune-no-cudagraphs": "m"}[.] // "";

([["operator", "dtype", "case", "base.cu", "best", "which", "over base",
  "eager", "compiled", "over eager", "over comp.", "memory", "compute"],
 (.[] | select(.dims) |
  [.op, .dtype, (.dims | dims), (.base_us | us), (.t_us | us),
   .best + (if .effort == "full" then "" else " (quick)" end),
   (.speedup.mid | r(2)), (.eager_us | us),
   (.compiled_us | us) + ((.mode // "") | short | if . == "" then "" else
     " " + . end),
   (.over_eager | r(2)), (.over_compiled | r(2)), (.of_memory | percent),
   (.of_compute | percent)])] | columns),
"",
([["operator", "dtype", "cases", "over base", "over eager", "over comp.",
   "over faster", "roof"],
  (.[] | select(.cases) | [.op, .dtype, "\(.cases)", (.speedup | r(2)),
   (.over_eager | r(2)), (.over_compiled | r(2)), (.over_faster | r(2)),
   (.roof | percent)])] | columns),
(.[] | select(.status) | "\(.op) \(.dtype): no candidate passed: \(.status) \(
  .code // "")"),
"",
"compiled: the faster of torch.compile default (d) and max-autotune (m); its time, as eager's, without the host's launches.",
"memory: bytes over what clock and width of the memory allow; compute: operations over what an 8192^3 product reaches in the same type."
