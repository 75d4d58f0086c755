#!/usr/bin/env bats
# The pipe itself: the life of a record, ke(7).  An operator that is
# evaluated in a blink; each stage is killed in turn.

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

# The stage of that search whose command line matches.
stage_pid() {
	pgrep -P "$1" -f "$2" | head -1
}

wait_for() { # seconds command...
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < until)) || return 1
		sleep 0.05
	done
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
	# no candidate has two nodes
	ke-store nodes -r r | jq -se 'map(select(.fingerprint and
	    .status != "duplicate")) | (map(.id) | unique | length) ==
	    (map(.fingerprint) | unique | length)'
}

@test "one search, start to end, and the numbers agree" {
	ke-search -q -o axpy -r r -s nodes=6 >out 2>err
	[ "$(jq .nodes out)" = 6 ]
	[ "$(jq -r .run out)" = r ]
	check_store
	[ "$(ke-store run r | jq -r .finished)" = nodes=6 ]
	[ "$(jq -r .best.id out)" = "$(ke-store best -r r | jq -r .id)" ]
	[ "$(ke-store best -r r | jq -r .eval.effort)" = full ]
}

@test "one step by hand gives rows, and the tree grows from them" {
	ke-eval -o axpy -i | ke-store run -c r
	step() {
		ke-store nodes | ke-select -n "$1" -d 2 | ke-store expand |
		    ke-prompt -q | ke-gen -b tune | ke-store known |
		    ke-eval | ke-profile | ke-store add
	}
	step 2 >first
	[ "$(wc -l <first)" = 2 ]
	[ "$(jq -r .phase first | sort -u)" = draft ]
	step 2 >second
	# the would-be best is confirmed as soon as the drafts are there
	[ "$(jq -s 'map(select(.phase == "confirm")) | length' second)" = 1 ]
	check_store
}

for_quick_stage() {
	PATH=$BATS_FILE_TMPDIR/quick:$PATH for_stage "$1"
}

for_stage() { # stage: kill it, see the pipe end, see the search go on
	env --default-signal=INT setsid ke-search -q -o axpy -r r -s nodes=3000 >out 2>err &
	search=$!
	wait_for 100 has_nodes 2
	victim=$(stage_pid "$search" "$1")
	[ -n "$victim" ]
	kill -9 "$victim"
	# the stages behind it finish what they hold
	wait_for 20 is_over "$search" || ps -s "$search" -o pid,stat,args
	is_over "$search"
	status=0
	wait "$search" || status=$?
	[ "$status" -eq 1 ]
	check_store
	had=$(nodes)
	((had < 3000))
	more=$((had + 2))
	run ke-search -q -o axpy -r r -s nodes=$more
	[ "$status" -eq 0 ]
	[ "$(nodes)" = "$more" ]
	check_store
	# what was in flight is told as lost, not counted
	[ "$(ke-store nodes -r r | jq -s 'map(select(.pending)) | length')" = 0 ]
}

@test "kill -9 of ke-store nodes" { for_quick_stage 'ke-store nodes'; }
@test "kill -9 of ke-select" { for_quick_stage '^ke-select'; }
@test "kill -9 of ke-store expand" { for_quick_stage 'ke-store expand'; }
@test "kill -9 of ke-prompt" { for_quick_stage '^ke-prompt'; }
@test "kill -9 of ke-gen" { for_quick_stage '^ke-gen'; }
@test "kill -9 of ke-store known" { for_quick_stage 'ke-store known'; }
@test "kill -9 of ke-eval" { for_stage '^ke-eval'; }
@test "kill -9 of ke-profile" { for_stage '^ke-profile'; }
@test "kill -9 of ke-store add" { for_quick_stage 'ke-store add'; }

@test "kill -9 of everything at once, and the same command goes on" {
	env --default-signal=INT setsid ke-search -q -o axpy -s nodes=6 >out 2>err &
	search=$!
	wait_for 100 bash -c '(($(ke-store run axpy-cpu-1 | jq .nodes) >= 2))'
	kill -9 -- "-$search"
	wait_for 2 is_over "$search"
	ke-search -q -o axpy -s nodes=6 >out 2>err
	[ "$(jq -r .run out)" = axpy-cpu-1 ]
	[ "$(jq .nodes out)" = 6 ]
	# a finished one starts a new run
	ke-search -q -o axpy -s nodes=3 >out 2>err
	[ "$(jq -r .run out)" = axpy-cpu-2 ]
}

@test "Ctrl-C: status 130, a word, and the same command goes on" {
	env --default-signal=INT setsid ke-search -q -o axpy -r r -s nodes=40 >out 2>err &
	search=$!
	wait_for 100 has_nodes 2
	kill -INT -- "-$search"
	status=0
	wait "$search" || status=$?
	[ "$status" -eq 130 ]
	grep -q 'goes on' err
	check_store
	more=$(($(nodes) + 2))
	ke-search -q -o axpy -r r -s nodes=$more
	[ "$(nodes)" = "$more" ]
}

@test "a second run takes what was measured from the store" {
	ke-search -q -o axpy -r a -s nodes=4 -S 1 >out 2>err
	ke-search -q -o axpy -r b -s nodes=4 -S 1 >out 2>err
	ke-store nodes -r b | jq -r 'select(.seq and .phase == "draft") | .id' |
	    while read -r id; do ke-store get "$id"; done |
	    jq -se 'map(select(.eval.known)) | length > 0'
}

@test "two pipes on one run, by GNU parallel" {
	parallel -j2 -N0 ke-search -q -o axpy -r r -s nodes=8 ::: 1 2 >out 2>err
	check_store
	has_nodes 8
	# each pipe may have one expansion out that the other can't see yet
	(($(nodes) <= 10))
}

@test "keys reach ke-gen and nobody else" {
	mkdir bin
	for t in ke-gen ke-eval ke-select; do
		printf '#!/bin/sh\nenv >>%s/env.%s\nexec %s "$@"\n' \
		    "$PWD" "$t" "$(command -v $t)" >bin/$t
		chmod +x bin/$t
	done
	cp "$(readlink -f "$(command -v ke-search)")" bin/ke-search
	for t in ke-store ke-prompt ke-profile; do
		ln -s "$(command -v $t)" bin/$t
	done
	SECRET_API_KEY=sesame bin/ke-search -q -o axpy -s nodes=1 >out 2>err
	grep -q sesame env.ke-gen
	! grep -q sesame env.ke-select
	! grep -q sesame env.ke-eval
}

@test "usage" {
	run ke-search -h
	[ "$status" -eq 0 ]
	run ke-search
	[ "$status" -eq 2 ]
	run ke-search -o axpy -Z
	[ "$status" -eq 2 ]
	run ke-search -o nosuchop
	[ "$status" -ne 0 ]
	[[ $output == *nosuchop* ]]
	run ke-search -o axpy -s nonsense=1
	[ "$status" -ne 0 ]
	run ke-search -o axpy -b anthropic -s nodes=1
	[ "$status" -ne 0 ]
}
