# ke-gen(1): the loop that all backends share, and tune.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	export KE_OPS=$PWD/ops
	mkdir -p ops/tiny ops/bare
	op ops/tiny tiny
	op ops/bare bare
	seed one '"A": [1, 2, 4], "B": [8, 16]' '"A": 2, "B": 8' >ops/tiny/seed.c
	seed two '"C": [1, 2]' '"C": 1' >ops/tiny/seed2.c
}

# The operator of ke-op(5), EXAMPLES.
op() {
	cat >"$1/op.json" <<-EOT
	{ "v": 1, "name": "$2", "summary": "z = x", "dims": ["N"],
	  "tensors": [
	    {"name": "x", "role": "in", "dtype": "T", "shape": ["N"],
	     "draw": {"dist": "normal", "mean": 0, "std": 1}},
	    {"name": "z", "role": "out", "dtype": "T", "shape": ["N"],
	     "scale": "terms"}],
	  "dtypes": {"f32": {}},
	  "cases": {"check": [{"N": 1}, {"N": 31}, {"N": 129}],
	    "small": [{"N": 4096}]},
	  "flops": "N" }
	EOT
	echo 'REF_z(i) { return x(i); }' >"$1/ref.c"
	echo '/* ke-plan {"launches": [{"kernel": "k", "args": ["x"]}]} */' \
	    >"$1/base.c"
}

# A candidate: name of its function, tune, choice, further members.
seed() {
	cat <<-EOT
	/* ke-plan
	{ "tune": {$2}, "choice": {$3}, ${4:-}
	  "launches": [{"kernel": "$1", "args": ["x", "z", "N"]}] } */
	void $1(const float *x, float *z, int N) { }
	EOT
}

# Drafts FROM to TO of the operator.
drafts() {
	jq -nc --arg op "${3:-tiny}" "range($1; $2 + 1)"' |
	    {v: 1, run: "r", op: $op, language: "c", xid: "x\(.)",
	    select: {phase: "draft", draft: ., seed: "\(.)"}}'
}

# An expansion of a parent with source FILE and choice, with what was tried.
child() {
	jq -nc --rawfile s "$1" --argjson c "$2" --argjson t "${3:-[]}" \
	    --arg seed "${4:-0}" '{v: 1, run: "r", op: "tiny", language: "c",
	    xid: "x", select: {phase: "tree", seed: $seed},
	    context: {parent: {id: "n1", source: $s, choice: $c}, tried: $t}}'
}

@test "drafts are the seeds as they are, then valid choices of them" {
	drafts 0 3 | ke-gen -b tune >out
	[ "$(jq -r .gen.strategy out | sed -n 1,2p)" = $'seed.c\nseed2.c' ]
	[ "$(jq -c .choice out | sed -n 1,2p)" = $'{}\n{}' ]
	jq -j 'select(.xid == "x0").source' out | cmp - ops/tiny/seed.c
	[ "$(jq -r 'select(.xid == "x3").choice' out -c)" = '{"C":2}' ]
	[ "$(jq -r .fingerprint out | sort -u | wc -l)" -eq 4 ]
	[ "$(jq -c '.gen | del(.strategy)' out | sort -u)" = \
'{"backend":"tune","model":"tune","seconds":0,"attempts":1,"finish":"stop"}' ]
}

@test "the fingerprint is that of ke-record(5)" {
	drafts 2 2 | ke-gen -b tune >out
	want=$({ jq -j .source out; printf '\0'; jq -jcS .choice out; } |
	    sha256sum | cut -c 1-32)
	[ "$(jq -r .fingerprint out)" = "$want" ]
}

@test "a child keeps its parent's source and says what it changed" {
	child ops/tiny/seed.c '{"A": 4}' | ke-gen -b tune -v >out 2>err
	jq -j .source out | cmp - ops/tiny/seed.c
	[ "$(jq 'has("context")' out)" = false ]
	jq -r .gen.strategy out | grep -Eq '^[AB] [0-9]+->[0-9]+'
	grep -q "^ke-gen: stdin:1: x: $(jq -r .gen.strategy out)\$" err
}

@test "nothing is proposed twice, and the end is said" {
	for i in 0 1 2 3 4 5 6 7 8; do
		child ops/tiny/seed.c '{}' '[]' $i
	done | ke-gen -b tune >out 2>err
	# six choices of the one without the parent, and two of the other seed
	[ "$(jq -r 'select(.error == null).fingerprint' out | sort -u |
	    wc -l)" -eq 7 ]
	[ "$(jq -r '.error.code // empty' out | uniq -c | tr -s ' ')" = \
	    ' 2 exhausted' ]
	grep -q 'ke-gen: stdin:9: x: every choice was proposed' err
	[ "$(wc -l <out)" -eq 9 ]
}

@test "-q says nothing of records with an error" {
	run ke-gen -q -b tune <<<'{"v":1,"op":"none"}'
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[ "$(jq -r .error.code <<<"$output")" = no_operator ]
}

@test "what a record says was tried isn't proposed by another process" {
	drafts 0 3 | ke-gen -b tune >first
	tried=$(jq -sc 'map({fingerprint, choice})' first)
	for i in 1 2 3 4; do
		child ops/tiny/seed.c '{}' "$tried" $i
	done | ke-gen -b tune >second
	[ "$(jq 'select(.error)' second)" = '' ]
	[ "$(jq -r .fingerprint first second | sort | uniq -d)" = '' ]
}

@test "a fingerprint that passed isn't proposed" {
	drafts 0 0 | ke-gen -b tune >first
	{ cat first; drafts 0 0; } | ke-gen -b tune | tail -n 1 >second
	[ "$(jq -c .choice second)" != '{}' ]
	[ "$(jq -r .fingerprint first)" != "$(jq -r .fingerprint second)" ]
}

@test "other runs have a history of their own" {
	{ drafts 0 0; drafts 0 0 | jq -c '.run = "other"'; } |
	    ke-gen -b tune >out
	[ "$(jq -c .choice out | uniq -c | tr -s ' ')" = ' 2 {}' ]
}

@test "same input, same output; another seed, another draw" {
	seed big '"A": [1,2,3,4,5,6,7,8], "B": [1,2,3,4,5,6,7,8],
	    "C": [1,2,3,4,5,6,7,8]' '"A": 1' >ops/tiny/seed.c
	rm ops/tiny/seed2.c
	drafts 1 9 >in
	ke-gen -b tune in >a
	ke-gen -b tune in >b
	ke-gen -b tune -S 7 in >c
	cmp a b
	run ! cmp -s a c
}

@test "only choices that the plan allows in every case" {
	seed r '"A": [1,2,3,4,5,6,7,8], "B": [1,2,3,4,5,6,7,8]' \
	    '"A": 1, "B": 2' '"require": ["A*B <= 6", "A < B", "N+A != 35"],' \
	    >ops/tiny/seed.c
	rm ops/tiny/seed2.c
	{ drafts 0 5; child ops/tiny/seed.c '{}'; } | ke-gen -b tune >out \
	    2>err
	# of 1x2 to 1x6 and 2x3 none has A = 4, which N = 31 refuses
	[ "$(jq -c 'select(.source) | [1, 2] as [$a, $b] |
	    [.choice.A // $a, .choice.B // $b]' out | sort | tr '\n' ' ')" = \
	    '[1,2] [1,3] [1,4] [1,5] [1,6] [2,3] ' ]
	[ "$(jq -r '.error.code // empty' out)" = exhausted ]
}

@test "a crossover takes values of both parents" {
	seed x '"A": [1,2,3,4,5,6,7,8], "B": [1,2,3,4,5,6,7,8],
	    "C": [1,2,3,4,5,6,7,8], "D": [1,2,3,4,5,6,7,8]' '"A": 1' \
	    >ops/tiny/seed.c
	child ops/tiny/seed.c '{}' |
	    jq -c --argjson c '{"A":8,"B":8,"C":8,"D":8}' \
	    '.context.parent2 = (.context.parent | .choice = $c)' >in
	for i in 1 2 3 4 5 6 7 8; do
		jq -c --arg i $i '.select.seed = $i' in
	done | ke-gen -b tune >out
	# two or more values of the second parent at once
	[ "$(jq -c 'select([.choice[] | select(. == 8)] | length > 1)' out |
	    wc -l)" -ge 3 ]
}

@test "an operator without seeds tunes its parents only" {
	run ke-gen -q -b tune < <(drafts 0 0 bare)
	[ "$(jq -r .error.code <<<"$output")" = no_seed ]
	child ops/tiny/seed.c '{}' | jq -c '.op = "bare"' |
	    ke-gen -b tune >out
	jq -e .choice out
}

@test "a parent without a plan is left for the seeds" {
	echo 'int x;' >plain.c
	child plain.c '{}' | ke-gen -b tune | jq -r .gen.strategy |
	    grep -q '^seed'
}

@test "a seed without a plan is named and left out" {
	echo 'int x;' >ops/tiny/seed1.c
	run --separate-stderr ke-gen -b tune < <(drafts 0 1)
	[ "$status" -eq 0 ]
	[ "$(jq -r .gen.strategy <<<"$output")" = $'seed.c\nseed2.c' ]
	[[ $stderr == *"ops/tiny/seed1.c: no ke-plan comment" ]]
}

@test "another language is an error section" {
	run ke-gen -q -b tune < <(drafts 0 0 | jq -c '.language = "cuda"')
	[ "$status" -eq 0 ]
	[ "$(jq -r .error.code <<<"$output")" = no_language ]
}

@test "failed and finished records and marks pass untouched" {
	cat >in <<-'EOT'
	{"v":1,"op":"tiny","error":{"tool":"t","code":"c","message":"m"},"context":{"a":1}}
	{"v":1,"op":"tiny","source":"s","choice":{},"context":{"a":[1,null]}}
	{"v":1,"mark":"live"}
	EOT
	ke-gen -b tune in | cmp - in
}

@test "unknown members pass" {
	drafts 0 0 | jq -c '.mine = {a: [1, null, "ü"]}' | ke-gen -b tune |
	    jq -e '.mine == {a: [1, null, "ü"]}'
}

@test "empty input gives nothing" {
	run ke-gen -b tune </dev/null
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
}

@test "bad, torn and wrong-shaped lines are named, the others go through" {
	{
		drafts 0 0
		echo 'nonsense'
		echo '{"v":1,"select":7}'
		drafts 1 1
		printf '{"v":1,"op":'
	} >in
	run --separate-stderr ke-gen -b tune in
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == *"in:2: column 1: not JSON"* ]]
	[[ $stderr == *"in:3: select: not an object"* ]]
	[[ $stderr == *"in:5: column "* ]]
}

@test "sections of an odd shape inside are no crash" {
	cat >in <<-'EOT'
	{"v":1,"op":"tiny","select":{"phase":1,"draft":"x","seed":{}},"context":{"parent":[],"tried":{}}}
	{"v":1,"op":"tiny","select":{"phase":"tree","draft":-1},"context":{"tried":[1,{},{"fingerprint":3},{"fingerprint":"zz","source":"","choice":[]}]}}
	{"v":1}
	EOT
	run ke-gen -q -b tune in
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
	[ "$(jq -c 'has("source")' <<<"$output" | tr '\n' ' ')" = \
	    'true true false ' ]
}

@test "a missing file is named, the others are read" {
	drafts 0 0 >in
	run --separate-stderr ke-gen -b tune absent in
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[ "$stderr" = 'ke-gen: absent: No such file or directory' ]
}

@test "usage" {
	for bad in '' '-b' '-b none' '-b tune:x' '-x' '-b tune -S -1' \
	    '-b tune -S x'; do
		run ke-gen $bad </dev/null
		[ "$status" -eq 2 ]
	done
	for later in anthropic openai; do
		run ke-gen -b $later </dev/null
		[ "$status" -eq 2 ]
		[ "$output" = "ke-gen: -b: $later: not in this release" ]
	done
	run ke-gen -h
	[ "$status" -eq 0 ]
	synopsis=$(mandoc -T ascii "$KE_ROOT/man/ke-gen.1" | col -bx |
	    sed -n '/^SYNOPSIS/,/^DESC/p' | sed '1d;$d' | tr -s '\n ' ' ')
	[ "${output#usage:}" = "${synopsis% }" ]
	run ke-gen -V
	[[ $output == 'ke-gen '[0-9]* ]]
}

@test "a full disk is status 111" {
	drafts 0 0 >in
	status=0
	ke-gen -b tune in >/dev/full 2>err || status=$?
	[ "$status" -eq 111 ]
	grep -q 'stdout: No space left' err
}

@test "it ends when nobody reads, also while it waits" {
	mkfifo pipe
	sleep 20 >pipe &
	holder=$!
	timeout 10 ke-gen -b tune <pipe | true
	ended=${PIPESTATUS[0]}
	kill $holder
	[ "$ended" -eq 0 ]
}

@test "the examples of the man page" {
	drafts 0 0 >expansions.jsonl
	echo '{"v":1,"op":"tiny","language":"c"}' |
	    ke-gen -b tune | jq -r .source | grep -q ke-plan
	parallel 'ke-gen -b tune -S {} expansions.jsonl > {}.jsonl' ::: 1 2
	[ "$(jq -r .xid 1.jsonl 2.jsonl | sort -u)" = x0 ]
}
