# ke-eval -A: operators that are fit to be measured with, and others.
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache TMPDIR=$BATS_TEST_TMPDIR
	root=$BATS_TEST_DIRNAME/..
	bad=$BATS_TEST_DIRNAME/data/eval/bad
	export KE_OPS=$BATS_TEST_DIRNAME/data/eval/ops:$root/ops
}

# Do all lines of standard input, at least one, fulfil the expression?
check() {
	jq -es "length > 0 and all(.[]; $1)" > /dev/null
}

@test "every operator is admitted, and its precision is enforced" {
	# what the honest need differs from draw to draw: refused twice is refused
	ke-eval -A "$root"/ops/* > first || true
	mapfile -t again < <(jq -r 'select(.result == "refused").op' first |
	    sort -u)
	jq -c 'select(.op | IN($ARGS.positional[]) | not)' first \
	    --args "${again[@]}" > out
	[ ${#again[@]} -eq 0 ] || ke-eval -A "${again[@]}" >> out
	jq -c '[.op, .dtype, .result, .reason, .precision]' out
	[ "$(jq -r .op out | sort -u)" = "$(ls "$root/ops")" ]
	check '.v == 1 and .target == "cpu" and (.result == "admitted" and
	    .precision == "enforced" and (.tests | length > 8 and
	    all(.[]; .result == "pass")) or .result == "untested" and
	    (.dtype | test("f16$")) and .reason != null)' < out
	jq -es 'any(.[]; .op == "softmax" and .result == "admitted")' out
}

@test "what an operator's variants are to store is what was measured" {
	ke-eval -A -y f32 axpy > out || true
	check '.tolerance | .c <= 8 and .c2 <= 2 and .c > 0 and
	    .calibrated.honest == "base.c, ref.c in f32" and
	    (.calibrated.c | .[0] >= 0.5 and .[1] > 100 * .[0]) and
	    (.calibrated.c2 | .[0] >= 0.125 and .[1] > 100 * .[0])' < out
	# too few check cases for more
	check '[.tests[] | select(.result == "fail").test] == ["checks"]' < out
}

@test "a seed for another type has no part in what is measured" {
	mkdir op
	cp "$BATS_TEST_DIRNAME"/data/eval/ops/axpy/{op.json,ref.c,base.c} op
	(cat op/base.c; echo '#error "for f16"') > op/seed.c
	# what needs more on a check case counts, as what does on a timed one
	sed 's/z\[i\] = \(.*\);/z[i] = (N == 31 ? 1 + 0x1p-22f : 1) * (\1);/' \
	    op/base.c > op/seed2.c
	run --separate-stderr ke-eval -A -y f32 ./op
	check '.tolerance.calibrated | .c[0] > 1 and
	    (.honest | startswith("base.c, seed2.c"))' <<<"$output"
	[[ $stderr = *"axpy: f32: seed.c is left out: it doesn't compile"* ]]
}

# Operator and the test that refuses it first, with the reason.
@test "an operator that is bad is refused, with the reason" {
	run -1 --separate-stderr ke-eval -A "$bad"/*
	printf '%s\n' "${lines[@]}" > out
	while read -r op want; do
		got=$(jq -r "select(.op == \"$op\").reason" out)
		[[ $got =~ ^$want ]] || { echo "$op: $got"; false; }
		[[ $stderr = *"ke-eval: $op: f32: refused: ${want%%:*}: "* ]]
	done <<-'EOF'
	claimed	tolerance: .*enforced, it is not$
	constant	seeds: y: .* at most 0 of its size
	copied	trivial: a copy of x passes
	decay	trivial: .* last quarter of x along axis 1 passes
	few	checks: 2 check cases
	near_zero	size: y: 100 % of the elements
	root	finite: y\[
	same	axes: y: it does not vary along axis 1
	seedless	seeds: y: .* at most 0\.00
	unread	influence: z: 0 of
	unused	dims: P: one less does not change
	wrong	baseline: .*base.c: wrong: element: y\[0,0\]
	EOF
	[ "$(wc -l < out)" = "$(ls "$bad" | wc -l)" ]
	check '.result == "refused" and any(.tests[]; .result == "fail")' < out
	# what else is wrong with them is said as well
	jq -es 'map(select(.op == "constant"))[0].tests |
	    map(select(.result == "fail").test) | contains(["seeds", "axes",
	    "influence", "trivial"])' out
	jq -es 'map(select(.op == "constant"))[0].tests |
	    any(.test == "trivial" and .detail == "zeros passes")' out
	jq -es 'map(select(.op == "near_zero"))[0].tests |
	    any(.test == "trivial" and .detail == "zeros passes")' out
	jq -es 'map(select(.op == "few"))[0].tests |
	    any(.test == "work" and .result == "fail")' out
}

@test "a result says whether the operator's precision is enforced" {
	ke-eval -o axpy "$BATS_TEST_DIRNAME/data/eval/naive.c" > out
	check '.eval.precision == "enforced"' < out
	ke-eval -o "$bad/unread" "$bad/unread/base.c" > out
	check '.eval.precision == "unenforced"' < out
	ke-eval -o keep "$root/tests/data/eval/ops/keep/base.c" > out
	check '.eval.precision == "enforced"' < out
}

@test "-T: a table for people" {
	run -1 --separate-stderr ke-eval -A -T -o "$bad/few"
	[[ ${lines[0]} = "few f32: refused: checks: 2 check cases"* ]]
	[[ ${lines[1]} = "  checks     fail  2 check cases"* ]]
	[[ $output = *"  trivial    pass  "* ]]
	[[ $output = *"  precision  unenforced" ]]
}

@test "no operator, one that is missing, one that can't be read, a full disk" {
	run -2 ke-eval -A
	[[ $output = "ke-eval: -A needs -o, or an operator" ]]
	run -1 ke-eval -A -o nowhere
	[[ $output = *"nowhere: no such operator"* ]]
	run -2 ke-eval -A -y u8 map_id
	[[ $output = *"map_id has no dtype u8" ]]
	mkdir broken
	echo '{"v": 1, "name": "broken"}' > broken/op.json
	run -1 ke-eval -A ./broken
	[[ $output = *"./broken/op.json: "* ]]
	run -111 bash -c 'ke-eval -A -T -y f16 softmax > /dev/full'
}
