# shellcheck shell=bash
# What the tests of a GPU that is none share: tests/fake has its driver, which
# make fake builds, with the ke-eval that is to find it.

# For a target, whose candidates end so, and whose driver the variable names.
fake_open() {
	local built=$BATS_TEST_DIRNAME/../${B:-build}/fake

	[ -e "$built/bin/ke-eval" ] || skip "make fake: not with sanitizers"
	# whom a compiler runs as must get there
	FAKE=$(mktemp -d /tmp/ke-fake-XXXXXX)
	chmod 755 "$FAKE"
	export FAKE
	cp -r "$built"/* "$FAKE"
	export FAKE_TARGET=$1 FAKE_SUFFIX=$2 "$3=$FAKE"
	mkdir -p "$BATS_FILE_TMPDIR/c" "$BATS_FILE_TMPDIR/ops"
	export PATH=$FAKE/bin:$PATH
	export KE_OPS=$BATS_FILE_TMPDIR/ops
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	unset LD_LIBRARY_PATH
	cp -r "$BATS_TEST_DIRNAME/data/eval/ops/axpy" "$KE_OPS"
	jq '.cases = {check: [{N: 31}, {N: 64}, {N: 1021}],
	    production: [{N: 4096}]}' \
	    "$BATS_TEST_DIRNAME/data/eval/ops/axpy/op.json" \
	    > "$KE_OPS/axpy/op.json"
	candidate axpy '' > "$KE_OPS/axpy/base.$2"
}

teardown_file() {
	[ -z "$FAKE" ] || rm -rf "$FAKE"
}

setup() {
	cd "$BATS_FILE_TMPDIR/c" || return
	export TMPDIR=$BATS_TEST_TMPDIR
	rm -f "$FAKE/lib64/faults"
}

# A right kernel of that name, with more statements of each thread.
candidate() {
	cat <<-E
	/* ke-plan {"launches": [{"kernel": "$1", "grid": ["cdiv(N, 128)"],
	    "block": [128], "args": ["a", "x", "y", "z", "N"]}]} */
	extern "C" __global__ void
	$1(const float *a, const float *x, const float *y, float *z, int N)
	{
		int i = blockIdx.x * blockDim.x + threadIdx.x;

		if (i < N)
			z[i] = a[0] * x[i] + y[i];
		$2
	}
	E
}

# Evaluates candidates in one call; standard input: of each the name, what it
# comes to (status, code, a pattern of the detail), a line each.
verdicts() {
	local name want files=() wants=() got

	while read -r name want; do
		[ -e "$name.$FAKE_SUFFIX" ] ||
		    candidate "$name" '' > "$name.$FAKE_SUFFIX"
		files+=("$name.$FAKE_SUFFIX")
		wants+=("$want")
	done
	ke-eval -t "$FAKE_TARGET" -o axpy "$@" "${files[@]}" > verdicts
	mapfile -t got < <(jq -r '[.eval.status, .eval.code // empty,
	    .eval.detail // empty] | join(" ")' verdicts)
	[ "${#got[@]}" = "${#files[@]}" ]
	for i in "${!got[@]}"; do
		[[ ${got[i]} =~ ^(${wants[i]})$ ]] && continue
		echo "${files[i]}: ${got[i]}, not ${wants[i]}"
		return 1
	done
}

# Faults, a line each as of faults.h, without the count.
faults() {
	sed 's/$/ 0000/' > "$FAKE/lib64/faults"
}

# Each of them came.
fired() {
	cat "$FAKE/lib64/faults"
	[ -s "$FAKE/lib64/faults" ]
	run ! grep ' 0000$' "$FAKE/lib64/faults"
}
