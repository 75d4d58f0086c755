#!/usr/bin/env bash
# Proves on a machine with an AMD Instinct what could not be proven without one:
# that target hip runs kernels, sees the wrong ones, survives the bad ones and
# times the good ones.  Prints TAP; every line must be ok, and the last one
#
#   # target hip works on AMD Instinct MI300X (gfx942, hiprtc 6.3.42134)
#
# Needs ROCm 6 or later (HIP's runtime and hiprtc; KE_HIP or ROCM_PATH where it
# isn't in /opt/rocm), jq, and ke-eval in PATH, in the tree or in the bundle.
# A GPU that does something else meanwhile makes the times worthless.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "$here/../.." && pwd)
usage="usage: mi300.sh [-h] [-r records] [operator ...]"
records=/dev/null
while getopts hr: option; do
	case $option in
	h) echo "$usage"; exit 0 ;;
	r) records=$OPTARG ;;
	*) echo "$usage" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
for folder in "$root/bin" "$root/build/bin"; do
	if ! command -v ke-eval >/dev/null && [[ -x $folder/ke-eval ]]; then
		PATH=$folder:$PATH
	fi
done
ops=$root/ops
if [[ -d $root/share/ke/ops ]]; then ops=$root/share/ke/ops; fi
export KE_OPS=${KE_OPS:-$ops}
for tool in ke-eval jq; do
	if ! command -v $tool >/dev/null; then
		echo "mi300.sh: no $tool in PATH" >&2
		exit 1
	fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$records" || exit 1
count=0 failed=0

# Says whether what was to be seen was: its name, what was seen, and a command.
verdict() {
	local name=$1 seen=$2
	shift 2
	count=$((count + 1))
	if "$@" >/dev/null; then
		echo "ok $count - $name${seen:+: $seen}"
	else
		echo "not ok $count - $name${seen:+: $seen}"
		failed=$((failed + 1))
	fi
}

# gelu, with statements before and behind the one that writes, and further
# members of the launch.
kernel() { # [before [behind [members]]]
	cat <<-E
	/* ke-plan {"launches": [{"kernel": "k", "grid": ["cdiv(N, 256)"],
	    "block": [256], ${3:-} "args": ["x", "y", "N"]}]} */
	extern "C" __global__ void __launch_bounds__(256)
	k(const ke_t *x, ke_t *y, int N)
	{
		int i = blockIdx.x * 256 + threadIdx.x;

		if (i >= N)
			return;
		float v = (float)x[i];
		${1:-}
		y[i] = (ke_t)(0.5f * v * (1 + tanhf(0.7978845608f *
		    (v + 0.044715f * v * v * v))));
		${2:-}
	}
	E
}

# Evaluates work/NAME.hip for an operator; is it as the jq expression says?
expect() { # name expression file [option ...]
	local name=$1 expression=$2 file=$3
	shift 3
	timeout 900 ke-eval -t hip "$@" "$file" >"$work/out" 2>"$work/err"
	cat "$work/out" >>"$records"
	verdict "$name" "$(jq -r '.error // .eval | [.status, .code, .detail |
	    strings] | join(" ")' "$work/out" | cut -c 1-100)" \
	    jq -e "$expression" "$work/out"
	if [[ -s $work/err ]]; then sed 's/^/# /' "$work/err"; fi
}

device=$(ke-eval -l | sed -n 's/^hip\t//p')
verdict "a device" "$device" test "${device%%:*}" = usable
if ((failed > 0)); then exit 1; fi

kernel >"$work/honest.hip"
kernel '' 'if (i == N / 2) y[i] = (ke_t)7.0f;' >"$work/wrong.hip"
kernel '' 'if (i == 0) y[(size_t)1 << 34] = y[0];' >"$work/past.hip"
kernel 'if (x[(size_t)i + (1 << 30)] == (ke_t)3.0f) v = 0;' >"$work/read.hip"
kernel '' '((ke_t *)x)[i] = y[i];' >"$work/input.hip"
kernel 'while (i == 0 && ((volatile const ke_t *)x)[0] == x[0]) ;' \
    >"$work/loop.hip"
kernel '' 'if (i == 0) __builtin_trap();' >"$work/trap.hip"
kernel '' '' '"shared": 65536,' >"$work/lds.hip"
kernel '' '' '"shared": 65537,' >"$work/lds_more.hip"
kernel '__shared__ float l[64]; l[i & 63] = v; __syncthreads();' \
    'if (l[0] == 1e30f) y[i] = y[0];' '"shared": 65500,' >"$work/lds_both.hip"
kernel 'volatile float big[4000]; big[i % 4000] = v; v = big[i % 4000];' \
    >"$work/scratch.hip"
kernel 'static int runs; runs++;' 'if (runs < 0) y[i] = y[0];' \
    >"$work/state.hip"
# few enough blocks to be there at once
kernel | sed 's/"cdiv(N, 256)"/"min(cdiv(N, 256), 64)"/
    s/"block": \[256\],/& "cooperative": true,/
    s/return;/return; for (; i < N; i += 64 * 256) {/
    s/^}$/} }/' >"$work/cooperative.hip"

on="-o gelu -y f32"
pass='.eval.status == "pass"'
fault='.eval.status == "fault"'
# shellcheck disable=SC2086
{
expect "an honest kernel" "$pass" "$work/honest.hip" $on
expect "a wrong element" '.eval.status == "wrong"' "$work/wrong.hip" $on
expect "a write past the end" "$fault" "$work/past.hip" $on
expect "an honest kernel after a fault" "$pass" "$work/honest.hip" $on
expect "a read past the end" "$fault" "$work/read.hip" $on
expect "a write to an input" "$fault" "$work/input.hip" $on
expect "a kernel that doesn't end" '.eval.status == "timeout"' \
    "$work/loop.hip" $on
expect "an honest kernel after a loop" "$pass" "$work/honest.hip" $on
expect "a trap" "$fault" "$work/trap.hip" $on
expect "all the LDS of a block" "$pass" "$work/lds.hip" $on
expect "more LDS than a block has" '.eval.status == "plan_error" and
    .eval.code == "shared"' "$work/lds_more.hip" $on
expect "more with the static LDS" '.eval.status == "plan_error" and
    .eval.code == "device"' "$work/lds_both.hip" $on
expect "16 KB of scratch a thread" "$pass" "$work/scratch.hip" $on
expect "state between launches" '.eval.status == "plan_error" and
    .eval.code == "state"' "$work/state.hip" $on
expect "a cooperative launch" "$pass" "$work/cooperative.hip" $on
}

# The clocks that state comes from, and what the device says of itself.
ke-eval -t hip -o gelu -y f32 "$work/honest.hip" >"$work/out" 2>/dev/null
verdict "the state of the device" "$(jq -c '.eval.env | {sm_mhz, memory_mhz,
    power_w, temperature_c, processes}' "$work/out")" jq -e '.eval.env |
    .sm_mhz > 0 and .power_w > 0 and .temperature_c > 0' "$work/out"
jq -r '.eval.env | "# \(.sms) compute units, cache \(.l2_bytes / 1048576) MiB, "
    + "memory \(.peak_bps / 1e9) GB/s at its peak, HIP \(.driver)"' "$work/out"
verdict "the clock that kernels see, by the one that counts at 100 MHz" \
    "$(jq -c '[.eval.cases[].sm_mhz // empty]' "$work/out")" \
    jq -e '[.eval.cases[].sm_mhz // empty] | length > 0 and
    all(. > 300 and . < 3500)' "$work/out"

# A baseline is as fast as itself, and every seed is right.
IFS=: read -ra folders <<<"$KE_OPS"
if (($# == 0)); then
	mapfile -t all < <(cd "${folders[-1]}" && printf '%s\n' *)
	set -- "${all[@]}"
fi
for op in "$@"; do
	for folder in "${folders[@]}"; do
		if [[ -e $folder/$op/op.json ]]; then break; fi
	done
	dir=$folder/$op
	for y in $(jq -r '.dtypes | keys_unsorted - ["bf16"] | .[]' \
	    "$dir/op.json"); do
		for f in "$dir"/*.hip; do
			if [[ ! -e $f ]]; then continue; fi
			same=$pass
			if [[ $f == */base.hip ]]; then
				same="$pass and .eval.speedup.lo < 1.03 and
				    .eval.speedup.hi > 0.97"
			fi
			expect "$op $y ${f##*/}" "$same" "$f" -o "$op" -y "$y"
			jq -r '.eval | select(.speedup) | "# speedup " +
			    "\(.speedup.lo) to \(.speedup.hi)"' "$work/out"
		done
	done
done
echo "1..$count"
if ((failed > 0)); then
	echo "# $failed of $count not as they should be"
	exit 1
fi
device=${device#usable: }
echo "# target hip works on ${device%%, *} (${device#*, })"
