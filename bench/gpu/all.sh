#!/usr/bin/env bash
# What the cuda target is measured by, on a machine with a GPU: runs in the
# bundle (make bundle) or in the tree.  Each step has a time limit, and leaves a
# file in the folder; one that fails doesn't stop the others, and what one
# couldn't finish in its time is in the log.
#
# admit       every operator, all its dtypes: ke-eval -A, with what tolerance
#             the honest need on this device
# seeds       every operator: base.cu and all seeds, full effort
# torch       ref.py of every operator, eager and compiled
# search      ke-search -b tune, nodes=60
# aa          baselines against themselves: 100 times quick, 10 times full
# throughput  evaluations a minute, with 1, 2 and 4 ke-eval
# table       from these files; runs anywhere
#
# -k says what kinds of seeds the steps seeds, search and throughput take: cu
# (CUDA), py (Triton); -e quick, that the step seeds is to be done in quick
# effort.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "$here/../.." && pwd)

steps=(admit seeds torch search aa throughput table)
usage="usage: all.sh [-h] [-e effort] [-k kind,...] [-l seconds] [-o op,...]
    [-y dtype] folder [step ...]
steps: ${steps[*]}"
die() {
	echo "all.sh: $2" >&2
	exit "$1"
}

limit='' only='' want=f16 kinds=cu effort=full
while getopts e:hk:l:o:y: option; do
	case $option in
	e) effort=$OPTARG ;;
	h) echo "$usage"; exit 0 ;;
	k) kinds=$OPTARG ;;
	l) limit=$OPTARG ;;
	o) only=$OPTARG ;;
	y) want=$OPTARG ;;
	*) echo "$usage" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if (($# < 1)); then
	echo "$usage" >&2
	exit 2
fi
mkdir -p "$1" || exit 1
out=$(cd "$1" && pwd)
shift
[[ $effort == quick || $effort == full ]] || die 2 "$effort: not quick or full"
for step in "$@"; do
	[[ " ${steps[*]} " == *" $step "* ]] || die 2 "$step: no such step"
done
if (($# == 0)); then set -- "${steps[@]}"; fi

if [[ -x $root/bin/ke-eval ]]; then PATH=$root/bin:$PATH
else PATH=$root/build/bin:$PATH; fi
ops=$root/ops
if [[ -d $root/share/ke/ops ]]; then ops=$root/share/ke/ops; fi
export KE_OPS=$ops XDG_CACHE_HOME=${XDG_CACHE_HOME:-/tmp/ke-cache}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
exec 3>>"$out/log"
say() {
	echo "all.sh: $*" >&3
	echo "all.sh: $*" >&2
}

# Those with matrix products first: most is to be said of them.
order=(conv1d gemm optimized_fm pffn attention rmsnorm_backward layer_norm
    softmax gelu mbdt map_id batch_event_truncate)
list=()
if [[ $only ]]; then
	IFS=, read -ra list <<<"$only"
else
	for op in "${order[@]}"; do
		if [[ -e $ops/$op/base.cu ]]; then list+=("$op"); fi
	done
	for op in "$ops"/*/base.cu; do
		op=${op%/*} op=${op##*/}
		[[ " ${list[*]} " == *" $op "* ]] || list+=("$op")
	done
fi

# The dtype wanted, where the operator has it, or its first.
dtype_of() {
	jq -r --arg y "$want" 'if .dtypes[$y] then $y
	    else .dtypes | keys_unsorted[0] end' "$ops/$1/op.json"
}

# Seconds that the step has left, and at most so many.
left() {
	local n=$((step_end - SECONDS)) most=${1:-100000}
	echo $((n < most ? n : most))
}
has_time() {
	(($(left) > ${2:-5})) && return
	say "$step: no time left for $1"
	return 1
}

# A command, for at most so many seconds; its messages go to the log.
within() {
	local seconds=$1 status
	shift
	((seconds > 0)) || return 124
	timeout -k 10 "$seconds" "$@" 2>&3
	status=$?
	if ((status != 0)); then say "$step: status $status: ${*:1:8}"; fi
	return $status
}

without_source() {
	jq -c 'del(.source)'
}

# All of an operator as one group; where that takes too long, quickly.
seeds_of() {
	local op=$1 effort=$2 seconds=$3 files=() kind
	for kind in ${kinds//,/ }; do
		mapfile -t -O ${#files[@]} files < <(
		    compgen -G "$ops/$op/seed*.$kind")
	done
	within "$seconds" ke-eval -t cuda -e "$effort" -o "$op" \
	    -y "$(dtype_of "$op")" "$ops/$op/base.cu" "${files[@]}" \
	    >"$work/seeds"
	without_source <"$work/seeds" >>"$out/seeds.jsonl"
	[[ -s $work/seeds ]]
}
step_admit() {
	local op
	: >"$out/admit.jsonl"
	for op in "${list[@]}"; do
		has_time "$op" || continue
		within "$(left 100)" ke-eval -A -t cuda -o "$op" \
		    >>"$out/admit.jsonl"
	done
	jq -r '[.op, .dtype, .result, (.tolerance | .c, .c2),
	    (.tolerance.calibrated | .c[]?, .c2[]?)] | @tsv' "$out/admit.jsonl"
	[[ -s $out/admit.jsonl ]]
}
step_seeds() {
	local op
	: >"$out/seeds.jsonl"
	for op in "${list[@]}"; do
		has_time "$op" || continue
		seeds_of "$op" "$effort" "$(left 150)" ||
		    [[ $effort == quick ]] || seeds_of "$op" quick "$(left 60)"
	done
	[[ -s $out/seeds.jsonl ]]
}

# Eager and plainly compiled first, so that they are there for all.
step_torch() {
	local dirs=("${list[@]/#/$ops/}") torch
	torch=$(command -v ke-bench-torch)
	within "$(left)" "$python" "$torch" -C -t cuda -y "$want" -d 80 \
	    -m eager,default "${dirs[@]}" >"$out/torch.jsonl"
	has_time max-autotune 30 &&
	    within "$(left)" "$python" "$torch" -t cuda -y "$want" -d 60 \
	    -m max-autotune-no-cudagraphs "${dirs[@]}" >>"$out/torch.jsonl"
	[[ -s $out/torch.jsonl ]]
}

# The name of the seed that the record on standard input has the source of.
seed_of() {
	local f
	jq -j '.source // ""' >"$work/source"
	for f in "$ops/$1"/seed*.{cu,py} "$ops/$1"/base.cu; do
		if cmp -s "$work/source" "$f"; then
			basename "$f"
			return
		fi
	done
}
search_in() {
	local op=$1 kind=$2 run=$1-gpu-$2 seconds
	local -A language=([cu]=cuda [py]=triton)
	seconds=$(left 150)
	within $((seconds + 20)) ke-search -q -t cuda -L "${language[$kind]}" \
	    -b tune -p greedy -y "$(dtype_of "$op")" -o "$op" -r "$run" \
	    -s nodes=60 -s seconds=$((seconds - 20)) >"$work/summary"
	jq -c --arg dtype "$(dtype_of "$op")" --arg l "${language[$kind]}" \
	    '{kind: "run"} + . + {language: $l, dtype: $dtype}' \
	    "$work/summary" >>"$out/search.jsonl"
	if ke-store best -r "$run" >"$work/best" 2>&3; then
		jq -c --arg seed "$(seed_of "$op" <"$work/best")" \
		    '{kind: "best", op, dtype, seed: $seed, choice,
		    gen: .gen.strategy, eval}' "$work/best" \
		    >>"$out/search.jsonl"
	fi
	ke-store nodes -r "$run" 2>&3 | jq -c --arg op "$op" \
	    --arg l "${language[$kind]}" '
	    select(.id) | {kind: "node", op: $op, language: $l, seq, phase,
	    status, effort, score, choice, t_us} |
	    with_entries(select(.value != null))' >>"$out/search.jsonl"
}
step_search() {
	local op kind
	: >"$out/search.jsonl"
	export KE_STORE=$work/store
	for op in "${list[@]}"; do
		for kind in ${kinds//,/ }; do
			compgen -G "$ops/$op/seed*.$kind" >/dev/null || continue
			has_time "$op" 40 || continue
			search_in "$op" "$kind"
		done
	done
	[[ -s $out/search.jsonl ]]
}

# Short ones: the harness is measured, not they.
step_aa() {
	local of=softmax,layer_norm,gelu,rmsnorm_backward,mbdt,map_id
	local effort n half
	: >"$out/aa.jsonl"
	for effort in quick full; do
		n=$([[ $effort == quick ]] && echo 100 || echo 10)
		half=$([[ $effort == quick ]] && echo 60 || echo 100)
		has_time "$effort" || continue
		within "$(($(left) * half / 100))" "$here/../aa" -j -t cuda \
		    -y "$want" -e "$effort" -n "$n" -o "${only:-$of}" \
		    -l "$(($(left) * half / 100 / 6))" -k "$work/aa" \
		    >>"$out/aa.jsonl"
		jq -c '{op, eval: (.eval | {status, code, effort, speedup, noise,
		    change, seconds, flags})}' "$work/aa" >>"$out/aa.jsonl"
	done
	[[ -s $out/aa.jsonl ]]
}

# So many candidates that no compiler has seen.
distinct() {
	local op=$1 nonce=$2 n=$3 kind=${kinds%%,*}
	jq -nc --rawfile s "$ops/$op/seed.$kind" --arg op "$op" \
	    --argjson n "$n" --arg nonce "$nonce" --arg kind "$kind" \
	    --arg dtype "$(dtype_of "$op")" '
	    range($n) | {v: 1, op: $op, target: "cuda", dtype: $dtype,
	    language: {cu: "cuda", py: "triton"}[$kind],
	    choice: (if $s | test("\"PAST\": *\\[0, 1\\]") then {PAST: (. % 2)}
	      else {} end), source: ($s + if $kind == "cu" then
	    "\n__constant__ unsigned long long variation[1] = {\($nonce)\(.)ull};\n"
	    else "\nVARIATION = \($nonce)\(.)\n" end)}'
}

# Times of results, and how many a minute: in all, and once each process had
# its first.
# shellcheck disable=SC2016 # jq's own variables
rate='
    map(length) as $of | ([.[][0][0]] | max) as $from |
    (add | map(.[0]) | max) as $to | add as $all |
    {op: $op, kind: $kind, processes: length, candidates: ($all | length),
     pass: ($all | map(select(.[1] == "pass")) | length),
     seconds: ($to - $start), per_minute: (60 * ($all | length) /
     ($to - $start)), steady_per_minute: (if $to > $from then
     60 * ($all | map(select(.[0] > $from)) | length) / ($to - $from)
     else null end)}'
step_throughput() {
	local op=softmax n=128 processes i start pids
	[[ ! $only ]] || op=${only%%,*}
	: >"$out/throughput.jsonl"
	# the harness's own kernels and the baseline are compiled by then
	within "$(left 60)" ke-eval -t cuda -o "$op" -y "$(dtype_of "$op")" \
	    "$ops/$op/base.cu" >/dev/null
	for processes in 1 2 4; do
		has_time "$processes processes" || continue
		distinct "$op" "${EPOCHREALTIME//[^0-9]/}" "$n" >"$work/all"
		pids=()
		start=$EPOCHREALTIME
		for ((i = 0; i < processes; i++)); do
			jq -nc --argjson i "$i" --argjson p "$processes" \
			    '[inputs] | to_entries[] | select(.key % $p == $i) |
			    .value' "$work/all" >"$work/in$i"
		done
		start=$EPOCHREALTIME
		for ((i = 0; i < processes; i++)); do
			within "$(left 150)" ke-eval -t cuda -e quick <"$work/in$i" |
			    jq -c --unbuffered '[now, .eval.status,
			    .eval.phases]' >"$work/at$i" &
			pids+=($!)
		done
		wait "${pids[@]}"
		for ((i = 0; i < processes; i++)); do
			jq -sc . "$work/at$i"
		done | jq -sc --arg op "$op" --arg kind "${kinds%%,*}" \
		    --argjson start "$start" \
		    "map(select(length > 0)) | $rate" >>"$out/throughput.jsonl"
	done
	cat "$out/throughput.jsonl"
	[[ -s $out/throughput.jsonl ]]
}

step_table() {
	local f
	for f in seeds search torch; do
		[[ -e $out/$f.jsonl ]] || : >"$work/$f.jsonl"
	done
	of() {
		if [[ -e $out/$1.jsonl ]]; then echo "$out/$1.jsonl"
		else echo "$work/$1.jsonl"; fi
	}
	jq -nc --slurpfile seeds "$(of seeds)" --slurpfile torch "$(of torch)" \
	    --slurpfile search "$(of search)" -f "$here/table.jq" \
	    >"$out/table.jsonl" &&
	    jq -rs -f "$here/show.jq" "$out/table.jsonl" >"$out/table.txt" &&
	    cat "$out/table.txt"
}

run_step() {
	case $1 in
	admit) step_admit ;;
	seeds) step_seeds ;;
	torch) step_torch ;;
	search) step_search ;;
	aa) step_aa ;;
	throughput) step_throughput ;;
	table) step_table ;;
	esac
}

declare -A limits=([admit]=400 [seeds]=540 [torch]=570 [search]=570 [aa]=500
    [throughput]=200 [table]=60)
failed=0
{
	date -u
	ke-eval -l
	nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,power.draw \
	    --format=csv,noheader
} >&3 2>&1
for step in "$@"; do
	since=$SECONDS
	step_end=$((SECONDS + ${limit:-${limits[$step]}}))
	say "$step"
	run_step "$step" || { failed=1; say "$step failed"; }
	say "$step: $((SECONDS - since)) s"
done
exit "$failed"
