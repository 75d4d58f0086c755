# ke-bench(1): a suite that resumes.
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache TMPDIR=$BATS_TEST_TMPDIR
	root=$BATS_TEST_DIRNAME/..
	mkdir ops
	cp -r "$root"/tests/data/eval/ops/{axpy,rowsum} ops
	cp ops/axpy/base.c ops/axpy/seed.c
	cp "$root/tests/data/eval/sum.c" ops/rowsum/seed.c
	export KE_OPS=$PWD/ops KE_STORE=$PWD/store
}

@test "each operator gives a line and rows of a table; what is there stays" {
	run -0 --separate-stderr ke-bench -o axpy,rowsum -s nodes=2 -e quick
	[ "$(jq -sc 'map(.op)' ke-bench.jsonl)" = '["axpy","rowsum"]' ]
	jq -es 'all(.[]; .v == 1 and .target == "cpu" and .dtype == "f32" and
	    .effort == "quick" and .rule == "nodes=2" and .nodes >= 1 and
	    (.cases | length > 0 and all(.[]; .dims != null)) and
	    (.key | length > 8) and .id != null and .torch == [] and
	    (.status == "pass" or .code != null) and .env.cpu != null)' \
	    ke-bench.jsonl
	[[ ${lines[0]} =~ ^operator\ +case\ +baseline\ +best ]]
	grep -Eq '^rowsum +M=' <<<"$output"
	grep -q 'axpy (1 of 2): searching' <<<"$stderr"

	cp ke-bench.jsonl before
	run -0 --separate-stderr ke-bench -o axpy,rowsum -s nodes=2 -e quick
	cmp before ke-bench.jsonl
	[ "$(grep -c 'there already' <<<"$stderr")" = 2 ]
	run -0 --separate-stderr ke-bench -T
	[[ ${lines[0]} =~ ^operator ]]
	# another rule is other work
	run -0 --separate-stderr ke-bench -qj -o axpy -s nodes=1 -e quick
	[ "$stderr" = "" ]
	jq -e '.rule == "nodes=1"' <<<"$output"
	[ "$(wc -l < ke-bench.jsonl)" = 3 ]
}

@test "an operator that can't be measured is named, the others are done" {
	echo '{' > ops/axpy/op.json
	rm -f ke-bench.jsonl
	run -1 --separate-stderr ke-bench -o axpy,rowsum -s nodes=1 -e quick
	grep -q 'axpy' <<<"$stderr"
	[ "$(jq -r .op ke-bench.jsonl)" = rowsum ]
}

@test "usage" {
	run -2 ke-bench -e slow
	run -2 ke-bench extra
	run -2 ke-bench -x
	run -1 ke-bench -T -f nothing
	run -0 ke-bench -h
	run -0 ke-bench -V
	[[ $output =~ ^ke-bench\ [0-9] ]]
}
