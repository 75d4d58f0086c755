# shellcheck shell=bash
# What the tests of the pipe share: an operator that is evaluated in a blink, a
# store each, and what must hold of it.

load wait

setup_file() {
	export KE_OPS=$BATS_FILE_TMPDIR/ops
	mkdir -p "$KE_OPS/axpy"
	cat >"$KE_OPS/axpy/op.json" <<-'E'
	{ "v": 1, "name": "axpy", "summary": "z = a x + y", "dims": ["N"],
	  "tensors": [
	    {"name": "a", "role": "in", "dtype": "T", "shape": [1],
	     "draw": {"dist": "normal"}},
	    {"name": "x", "role": "in", "dtype": "T", "shape": ["N"],
	     "draw": {"dist": "normal"}},
	    {"name": "y", "role": "in", "dtype": "T", "shape": ["N"],
	     "draw": {"dist": "normal"}},
	    {"name": "z", "role": "out", "dtype": "T", "shape": ["N"],
	     "reduction": 2, "scale": "terms"}],
	  "dtypes": {"f32": {}},
	  "cases": {"check": [{"N": 1}, {"N": 31}, {"N": 129}],
	    "small": [{"N": 65536}]},
	  "flops": "2*N" }
	E
	cat >"$KE_OPS/axpy/ref.c" <<-'E'
	REF_z(i)
	{
		return a(0) * x(i) + y(i);
	}
	E
	cat >"$KE_OPS/axpy/base.c" <<-'E'
	/* ke-plan {"launches": [{"kernel": "axpy",
	    "args": ["a", "x", "y", "z", "N"]}]} */
	void
	axpy(const float *a, const float *x, const float *y, float *z, int N)
	{
		for (int i = 0; i < N; i++)
			z[i] = a[0] * x[i] + y[i];
	}
	E
	local values
	values=$(seq -s, 64)
	cat >"$KE_OPS/axpy/seed.c" <<-E
	/* ke-plan {"tune": {"U": [$values], "V": [$values]},
	  "launches": [{"kernel": "axpy",
	    "args": ["a", "x", "y", "z", "N"]}]} */
	void
	axpy(const float *a, const float *restrict x,
	    const float *restrict y, float *restrict z, int N)
	{
		for (int i = 0; i < N; i++)
			z[i] = a[0] * x[i] + y[i];
	}
	int ke_size = KE_U * KE_V;
	E
	# evaluates in no time, for tests that are about the others
	mkdir "$BATS_FILE_TMPDIR/quick"
	cat >"$BATS_FILE_TMPDIR/quick/ke-eval" <<-E
	#!/bin/sh
	case " \$* " in
	*' -i '*) exec $(command -v ke-eval) "\$@" ;;
	*) exec "$KE_ROOT/bench/fake-eval" ;;
	esac
	E
	chmod +x "$BATS_FILE_TMPDIR/quick/ke-eval"
}

setup() {
	export KE_STORE=$BATS_TEST_TMPDIR/store
	cd "$BATS_TEST_TMPDIR"
}

# A search of a test that failed would go on, and every other test wait for it.
teardown() {
	[ -z "${search-}" ] || pkill -9 -s "$search" || :
}

# The stage of that search whose command line matches.
stage_pid() {
	pgrep -P "$1" -f "$2" | head -1
}

# What a machine's bad moment may fail: up to three times, each with a store of
# its own.
again() {
	local i

	for i in 1 2 3; do
		mkdir "try$i"
		(
			set -e
			cd "try$i"
			KE_STORE=$PWD/store
			"$@"
		) 3>&- &
		if wait $!; then return; fi
	done
	return 1
}

nodes() {
	ke-store run r | jq .nodes
}

has_nodes() {
	(($(nodes) >= $1))
}

# Nothing of that session runs (a zombie is its parent's business).
is_over() {
	! ps -o stat= -s "$1" | grep -qv '^Z'
}

# What must hold of a store whatever happened to it.
check_store() {
	ke-store fsck
	# every commit has a number of its own, without gaps
	ke-store nodes -r r | jq -se 'map(select(.seq)) | map(.seq) |
	    . == [range(1; length + 1)]'
	# an expansion comes back once
	ke-store nodes -r r | jq -se 'map(select(.seq) | .xid) |
	    length == (unique | length)'
	# no candidate has two nodes, but what a bad moment decided
	ke-store nodes -r r | jq -se 'map(select(.fingerprint and (.status |
	    IN("duplicate", "noisy", "throttled", "invalid", "timeout", "hung",
	    "quarantined", "lost") | not))) |
	    (map(.id) | unique | length) ==
	    (map(.fingerprint) | unique | length)'
}
