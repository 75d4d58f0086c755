# ke-gen(1): the loop that all backends share, and tune.

bats_require_minimum_version 1.5.0

load gen

setup() {
	cd "$BATS_TEST_TMPDIR"
	export KE_OPS=$PWD/ops
	mkdir -p ops/tiny ops/bare
	op ops/tiny tiny
	op ops/bare bare
	seed one '"A": [1, 2, 4], "B": [8, 16]' '"A": 2, "B": 8' >ops/tiny/seed.c
	seed two '"C": [1, 2]' '"C": 1' >ops/tiny/seed2.c
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

# Records with prompts, FROM to TO.
asks() {
	jq -nc "range($1; $2 + 1)"' | {v: 1, run: "r", op: "tiny",
	    language: "c", xid: "q/\(.)", select: {phase: "tree"},
	    context: {parent: {id: "n"}}, prompt: {messages: [
	    {role: "system", content: "Write."},
	    {role: "user", content: "Nr. \(.)\nPlease."}]}}'
}

# What a model might say.
answer() {
	echo 'Strategy: make it go'
	echo
	echo '```c'
	seed "${1:-one}" '"A": [1, 2]' '"A": 2'
	echo '```'
}

@test "drafts are the seeds as they are, then valid choices of them" {
	drafts 0 3 | ke-gen -b tune >out
	[ "$(jq -r .gen.strategy out | sed -n 1,2p)" = $'seed.c\nseed2.c' ]
	[ "$(jq -c .choice out | sed -n 1,2p)" = $'{}\n{}' ]
	jq -j 'select(.xid == "x0").source' out | cmp - ops/tiny/seed.c
	[ "$(jq -r 'select(.xid == "x3").choice' out -c)" = '{"C":2}' ]
	[ "$(jq -r .fingerprint out | sort -u | wc -l)" -eq 4 ]
	[ "$(jq -c '.gen | del(.strategy, .key)' out | sort -u)" = \
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
	done | ke-gen -b tune:0 >out 2>err
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
	{ drafts 0 5; child ops/tiny/seed.c '{}'; } | ke-gen -b tune:0 >out \
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
	done | ke-gen -b tune:0 >out
	# two or more values of the second parent at once
	[ "$(jq -c 'select([.choice[] | select(. == 8)] | length > 1)' out |
	    wc -l)" -ge 3 ]
}

# A search of 60 steps by "$3", alone in a circle with a made-up landscape.
landscape() { # tune or random, seed, command
	seed s '"A": [1,2,4,8,16,32,64,128], "B": [1,2,3,4,6,8],
	    "C": [0,1,2,4,8], "D": [16,32,64,128], "E": [0,1]' '"D": 16' \
	    >ops/tiny/seed.c
	rm -f ops/tiny/seed2.c pipe
	mkfifo pipe
	cat >landscape.jq <<-'EOT'
	# Scores each candidate and asks for the next: what stands behind
	# ke-gen in the pipe, and before it.
	def at($v; $all): $all | index($v);
	def score($seed): {A: 1, B: 1, C: 0, D: 16, E: 0} + .choice |
	  at(.A; [1,2,4,8,16,32,64,128]) as $a | at(.B; [1,2,3,4,6,8]) as $b |
	  at(.C; [0,1,2,4,8]) as $c | at(.D; [16,32,64,128]) as $d | .E as $e |
	  if $a + $b > 10 then {status: "compile_error", score: 0}
	  else {status: "pass", score: (-0.3 * (($a - (3 + $seed % 4)) | fabs)
	    - 0.2 * (($b - ($seed % 5)) | fabs) - 0.4 * (($c - $seed % 5) | fabs)
	    - 0.25 * (($d + $e - 1 - $seed % 3) | fabs)
	    - 0.1 * (($a - $b - 1) | fabs) | exp)} end;
	def ask: {v: 1, op: "tiny", language: "c", xid: "x\(.n)",
	  run: (if $mode == "tune" then "r" else "r\(.n)" end),
	  select: {seed: "\(.n)",
	    phase: (if $mode == "tune" and .n >= 4 then "tree" else "draft" end),
	    draft: (if $mode == "tune" then .n else 1000 end)}}
	  + {context: ({tried} + if .best then {parent: .best} else {} end)};
	label $out |
	{n: 0, tried: [], best: null} | ask,
	foreach inputs as $r (.; ($r | score($seed)) as $s |
	  .n += 1 | .tried = ([$r | {fingerprint, choice} + $s] + .tried)[:128] |
	  if .best == null or $s.score > .best.score
	  then .best = {id: $r.xid, source: $r.source, choice: $r.choice,
	    score: $s.score} else . end;
	  if .n == 60 then (.best.score | stderr | empty), break $out else ask end)
	EOT
	"${@:3}" <pipe | tee "log.$1.$2" |
	    jq -nc --unbuffered --arg mode "$1" --argjson seed "$2" \
	    -f landscape.jq 2>"best.$1.$2" >pipe
}

@test "the tuner beats random sampling, and never repeats" {
	for s in 1 2 3 4 5 6; do
		landscape tune $s ke-gen -b tune -S $s
		landscape random $s ke-gen -b tune -S $s
		[ "$(jq -r .fingerprint log.tune.$s | sort -u | wc -l)" -eq 60 ]
	done
	# random ends near 0.45, the tuner near 0.8 of the optimum's 1
	awk '{ sum[FILENAME ~ /tune/] += $1 }
	    END { exit !(sum[1] > 1.3 * sum[0]) }' best.*
}

@test "a tuner that starts anew at each step doesn't repeat either" {
	anew() {
		while read -r line; do
			ke-gen -b tune -S 1 <<<"$line"
		done
	}
	landscape tune 1 anew
	[ "$(jq -r .fingerprint log.tune.1 | sort -u | wc -l)" -eq 60 ]
	jq -e '. > 0.6' best.tune.1
}

@test "a share of the steps makes other texts, each once" {
	for i in $(seq 12); do
		child ops/tiny/seed.c '{"A": 4}' '[]' $i
	done >in
	ke-gen -b tune:1 in >all
	[ "$(jq -r 'select(.gen.strategy | startswith("structure: ")) |
	    .fingerprint' all | sort -u | wc -l)" -eq 12 ]
	# the parent's choice stays where the move says nothing of it
	jq -se 'map(select(.gen.strategy == "structure: with -Ofast")) |
	    length == 1 and (.[0] | .choice == {A: 4} and (.source |
	    contains("\"flags\": [\"-Ofast\"]")))' all
	ke-gen -b tune:1 in | cmp - all
	# a few of the first eight, and all once the 7 choices are used up
	ke-gen -b tune:0.3 in >some
	[ "$(jq -r .fingerprint some | sort -u | wc -l)" -eq 12 ]
	n=$(jq -r .gen.strategy some | head -n 8 | grep -c ^structure: || true)
	[ "$n" -ge 1 ] && [ "$n" -le 4 ]
	[ "$(jq -r .gen.strategy some | tail -n 2 | grep -c ^structure:)" -eq 2 ]
}

@test "two parents of different texts are crossed" {
	child ops/tiny/seed.c '{}' | jq -c --rawfile s <(seed x '"B": [8, 12]' \
	    '"B": 12' '"flags": ["-Ofast"],') '.context.parent2 =
	    {id: "n2", source: $s, choice: {}}' >in
	for i in 1 2 3 4; do
		jq -c --arg i $i '.select.seed = $i' in
	done | ke-gen -b tune:0.01 >out
	jq -se 'any(.[]; .choice.B == 12 and (.source |
	    contains("\"B\":[8,12,16]")))' out
	# 0 leaves texts alone
	ke-gen -b tune:0 in | jq -j .source | cmp - ops/tiny/seed.c
}

@test "what other texts say compiles" {
	cat >kernel.c <<-'EOT'
	/* ke-plan
	{ "tune": {"A": [1, 2, 4]},
	  "launches": [{"kernel": "copy", "grid": ["cdiv(N, 64*A)"],
	    "args": ["x", "z", "N"]}] } */
	void
	copy(const struct ke_block *b, const float *x, float *z, int N)
	{
	        for (int i = b->x * 64 * KE_A; i < N && i < (b->x + 1) * 64 * KE_A; i++)
	                z[i] = x[i];
	}
	EOT
	for i in $(seq 16); do child kernel.c '{}' '[]' $i; done |
	    ke-gen -b tune:1 >all
	for word in 'is a constant' 'with -Ofast'; do
		jq -j --arg w "$word" 'select(.gen.strategy | contains($w)) |
		    .source' all >one.c
		ke-eval -o tiny -t cpu -c one.c | jq -e '.eval.status == "pass"'
	done
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
	run ke-gen -q -b tune < <(drafts 0 0 | jq -c '.language = "opencl"')
	[ "$status" -eq 0 ]
	[ "$(jq -r .error.code <<<"$output")" = no_language ]
}

# Drafts FROM to TO in language cuda.
cuda_drafts() {
	drafts "$1" "$2" | jq -c '.language = "cuda"'
}

@test "a language has its own seeds" {
	run -0 ke-gen -q -b tune < <(cuda_drafts 0 0)
	jq -e '.error | .code == "no_seed" and (.message |
	    test("no seed\\*.cu with a plan"))' <<<"$output"
	seed gpu '"A": [1, 2]' '"A": 1' '"constants": ["N"],' >ops/tiny/seed.cu
	cp ops/tiny/seed.cu ops/tiny/seed3.cu.orig
	{ cuda_drafts 0 1; drafts 0 0; } | ke-gen -b tune >out
	[ "$(jq -r .gen.strategy out)" = \
	    $'seed.cu\nseed.cu: A 1->2\nseed.c' ]
	jq -j 'select(.xid == "x0" and .language == "cuda").source' out |
	    cmp - ops/tiny/seed.cu
}

@test "seeds in HIP, and flags that its compiler has" {
	seed gpu '"A": [1, 2]' '"A": 1' |
	    sed 's/"args"/"grid": [1], "block": [64], &/
	    s/^void/extern "C" __global__ void/' >ops/tiny/seed.hip
	drafts 0 1 | jq -c '.language = "hip"' | ke-gen -q -b tune >out
	[ "$(jq -r .gen.strategy out)" = $'seed.hip\nseed.hip: A 1->2' ]
	for i in $(seq 12); do
		child ops/tiny/seed.hip '{"A": 2}' '[]' $i
	done | jq -c '.language = "hip"' | ke-gen -q -b tune:1 >out
	jq -r '.gen.strategy' out | grep -o ' -.*' | tr ' ' '\n' |
	    grep ^- | sort -u >flags
	grep -qx -e -ffast-math flags
	run ! grep -vE -e '-f(fast-math|no-signed-zeros|reciprocal-math|fp-.*=off|gpu-.*|no-(unroll|slp).*)' \
	    flags
}

@test "what resolves is asked of the cases that the language times" {
	seed gpu '"A": [1, 2]' '"A": 1' '"require": ["A*N <= 4096"],' \
	    >ops/tiny/seed.cu
	cuda_drafts 0 1 | ke-gen -q -b tune >out
	[ "$(jq -r '.error.code // .gen.strategy' out)" = \
	    $'seed.cu\nseed.cu: A 1->2' ]
	jq '.cases.production = [{N: 4096}]' ops/tiny/op.json >op
	mv op ops/tiny/op.json
	cuda_drafts 0 1 | ke-gen -q -b tune >out
	[ "$(jq -r '.error.code // .gen.strategy' out)" = \
	    $'seed.cu\nexhausted' ]
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
	for bad in '' '-b' '-b none' '-b tune:x' '-b tune:' '-b tune:1.1' '-x' '-b tune -S -1' \
	    '-b tune -S x' '-b tune -j 0' '-b tune -T 0' '-b exec' \
	    '-b exec:' '-b mailbox' '-b replay:absent'; do
		run ke-gen $bad </dev/null
		[ "$status" -eq 2 ]
	done
	for protocol in anthropic openai responses gemini; do
		run ke-gen -b $protocol </dev/null
		[ "$status" -eq 2 ]
		[ "$output" = "ke-gen: -b: $protocol: needs a model (-m)" ]
	done
	for bad in '-u ftp://x' '-u :' '-H x' '-p x' '-p x=y' '-p n=2' '-p =1' \
	    '-p stream=true' '-r 0' '-R x' '-D 0' '-M eur=1' '-M usd=1' \
	    '-c absent' '-m a=x' '-m bandit:a' '-t x'; do
		run ke-gen -b openai -m model $bad </dev/null
		[ "$status" -eq 2 ]
	done
	run ke-gen -b tune -m model </dev/null
	[ "$status" -eq 2 ]
	[ "$output" = 'ke-gen: -m: not for -b tune' ]
	run ke-gen -h
	[ "$status" -eq 0 ]
	synopsis=$(mandoc -T ascii "$KE_ROOT/man/ke-gen.1" | col -bx |
	    sed -n '/^SYNOPSIS/,/^DESC/p' | sed '1d;$d' | tr -s '\n ' ' ')
	[ "$output" = "usage:${synopsis% }" ]
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
	asks 1 2 >prompts.jsonl
	answer >a.md
	cat >llm <<-'EOT'
	#!/bin/sh
	cat >/dev/null
	cat a.md
	EOT
	chmod +x llm
	PATH=$PWD:$PATH ke-gen -b 'exec:llm -m some-model' -j 4 \
	    prompts.jsonl > answers.jsonl
	ke-gen -b replay:answers.jsonl prompts.jsonl >again
	[ "$(jq -r .source again | grep -c ke-plan)" -eq 2 ]
	echo '{"v":1,"op":"tiny","language":"c"}' |
	    ke-gen -b tune | jq -r .source | grep -q ke-plan
	parallel 'ke-gen -b tune -S {} expansions.jsonl > {}.jsonl' ::: 1 2
	[ "$(jq -r .xid 1.jsonl 2.jsonl | sort -u)" = x0 ]
}

@test "exec: the prompt goes in, the candidate comes out" {
	answer >a.md
	asks 1 1 | ke-gen -b 'exec:cat >got; cat a.md' >out
	printf '=== system\n\nWrite.\n\n=== user\n\nNr. 1\nPlease.\n' |
	    cmp - got
	jq -j .source out | cmp - <(seed one '"A": [1, 2]' '"A": 2')
	[ "$(jq -c '[.choice, has("context"), .gen.backend, .gen.strategy,
	    .gen.attempts, .gen.finish]' out)" = \
	    '[{},false,"exec","make it go",1,"stop"]' ]
	[ "$(jq -r .gen.model out)" = 'cat >got; cat a.md' ]
	want=$({ jq -j .source out; printf '\0{}'; } | sha256sum | cut -c 1-32)
	[ "$(jq -r .fingerprint out)" = "$want" ]
}

@test "exec: records come out as they end, -j of them at once" {
	answer >a.md
	cat >cmd <<-'EOT'
	nr=$(sed -n 's/Nr. //p')
	echo start >>log
	case $nr in
	1) until [ -e second ]; do sleep 0.02; done ;;
	2) touch second ;;
	esac
	cat a.md
	EOT
	asks 1 2 | timeout 20 ke-gen -j 2 -b 'exec:sh ./cmd' >out
	[ "$(jq -r .xid out | sort)" = $'q/1\nq/2' ]
	rm second log
	# one at a time the first would wait for ever
	run --separate-stderr timeout 20 ke-gen -j 1 -T 3 -b 'exec:sh ./cmd' \
	    < <(asks 1 2)
	[ "$status" -eq 0 ]
	[ "$(jq -r '.error.code // "fine"' <<<"$output" | xargs)" = \
	    'timeout fine' ]
}

@test "exec: more records than -j, each once" {
	answer >a.md
	asks 1 40 | ke-gen -j 3 -b 'exec:cat a.md' >out
	[ "$(jq -r .xid out | sort -u | wc -l)" -eq 40 ]
	[ "$(jq -r 'select(.error)' out)" = '' ]
}

@test "exec: a large prompt that nobody reads" {
	answer >a.md
	asks 1 1 | jq -c '.prompt.messages[0].content = "x" * 1000000' |
	    ke-gen -b 'exec:cat a.md' | jq -e .source
}

@test "exec: commands that fail are error sections" {
	code() {
		asks 1 1 | ke-gen -T 30 -b "exec:$1" 2>err |
		    jq -r '[.error.tool, .error.code, .error.message] | @csv'
	}
	[ "$(code 'exit 3')" = '"ke-gen","command","exit 3"' ]
	[ "$(code 'kill -SEGV $$')" = '"ke-gen","command","SIGSEGV"' ]
	grep -q 'stdin:1: q/1: SIGSEGV' err
	[ "$(code 'yes | head -c 10485761')" = \
	    '"ke-gen","too_long","more than 10485760 bytes"' ]
	code 'echo hello' | grep -q no_candidate
	drafts 0 0 | ke-gen -q -b exec:true |
	    jq -e '.error.code == "no_prompt"'
}

@test "exec: the deadline kills what the command has started" {
	asks 1 1 | ke-gen -q -T 0.3 -b \
	    'exec:sleep 77 & echo $! >pid; wait' >out
	[ "$(jq -r .error.code out)" = timeout ]
	await eval '! kill -0 $(cat pid) 2>/dev/null'
}

@test "exec: no command outlives its ke-gen" {
	for end in TERM reader; do
		rm -f pid
		mkfifo in out
		ke-gen -b 'exec:sleep 77 & echo $! >pid; wait' <in >out &
		gen=$!
		exec 8>in 9<out
		asks 1 1 >&8
		await test -s pid
		if [ $end = TERM ]; then kill $gen; else exec 9<&-; fi
		status=0
		wait $gen || status=$?
		[ $end = reader ] || [ $status -eq 143 ]
		[ $end = TERM ] || [ $status -eq 0 ]
		await eval '! kill -0 $(cat pid) 2>/dev/null'
		exec 8>&- 9<&-
		rm in out
	done
}

@test "answers: where the candidate is" {
	local plan='/* ke-plan {"launches": [{"kernel": "k", "args": ["x"]}]} */'
	took() { # what is taken from the text
		printf "$1" >text
		asks 1 1 | ke-gen -q -b 'exec:cat text' |
		    jq -r '.source // .error.code'
	}
	[ "$(took "$plan\nint a;\n")" = "$plan"$'\nint a;' ]
	[ "$(took "\n  $plan\r\nint a;\rint b;")" = \
	    $'\n  '"$plan"$'\nint a;\nint b;' ]
	# the last block that has a plan
	[ "$(took "\`\`\`\n$plan\n\`\`\`\nor\n~~~ c\n$plan\nint b;\n~~~\n
	    \`\`\`sh\nmake\n\`\`\`\n")" = "$plan"$'\nint b;' ]
	# a longer fence may hold a shorter one
	[ "$(took "\`\`\`\`c\n$plan\n/*\n\`\`\`\n*/\n\`\`\`\`\n")" = \
	    "$plan"$'\n/*\n```\n*/' ]
	[ "$(took "\xef\xbb\xbf$plan\n/* \xff */")" = "$plan"$'\n/* \xef\xbf\xbd */' ]
	# cut short, prose, no plan, a bad plan, an empty answer
	[ "$(took "\`\`\`c\n$plan\nint")" = no_candidate ]
	[ "$(took "Use ke-plan.\n")" = no_candidate ]
	[ "$(took "\`\`\`c\nint a;\n\`\`\`\n")" = no_candidate ]
	[ "$(took "/* ke-plan {\"launches\": []} */\n")" = no_candidate ]
	[ "$(took '')" = no_candidate ]
}

# What comes of the text in answer to a parent: the changes, or why not.
edited() {
	printf '%b' "$1" >text
	child ops/tiny/seed.c '{}' | jq -c '.prompt.messages =
	    [{role: "user", content: "Go."}]' |
	    ke-gen -q -b 'exec:cat text' >out
	if jq -e .error out >error; then
		jq -r '"\(.code): \(.message)"' error
	else
		jq -j .source out | diff ops/tiny/seed.c - | grep '^[<>]'
	fi
}

@test "answers: edits of the parent's source" {
	local block='<<<<<<< SEARCH\n%s\n=======\n%s\n>>>>>>> REPLACE\n'
	last=$(tail -n 1 ops/tiny/seed.c)
	[ "$(edited "Strategy: edit\n$(printf "$block" "$last" 'int two;')")" = \
	    "< $last"$'\n> int two;' ]
	[ "$(jq -c '[.gen.strategy, .gen.answer, .choice, has("context")]' \
	    out)" = '["edit",null,{},false]' ]
	[ "$(edited "\`\`\`diff\n@@ @@\n-$last\n+int two;\n\`\`\`\n")" = \
	    "< $last"$'\n> int two;' ]
	# a plan that isn't one any more, no place, no parent
	[[ "$(edited "$(printf "$block" '/* ke-plan' '/* plan')")" == \
	    "no_candidate: "*ke-plan* ]]
	[ "$(edited "$(printf "$block" none 'int two;')")" = \
	    'no_candidate: SEARCH/REPLACE 1: not found: the source has no line "none"' ]
	[ "$(jq -r .gen.answer out)" = "$(cat text)" ]
	asks 1 1 | ke-gen -q -b 'exec:cat text' | jq -e '.error.message ==
	    "edits, but there is no parent to edit"'
	[[ "$(edited 'Sorry.\n')" == *", and no edits" ]]
}

@test "answers: one without a candidate is kept, with the reason" {
	printf 'Sorry.\r\n' >text
	asks 1 1 | ke-gen -b 'exec:cat text' >out 2>err
	[ "$(jq -c '[.error.code, .error.message, .gen.answer]' out)" = \
	    '["no_candidate","no code block with a ke-plan","Sorry.\r\n"]' ]
	grep -q 'q/1: no code block with a ke-plan' err
}

@test "mailbox: asks by a file, takes what is moved in" {
	answer >a.md
	asks 1 1 | timeout 20 ke-gen -b mailbox:box >out &
	await compgen -G 'box/in/q_1-*.md' >/dev/null
	name=$(basename box/in/q_1-*.md .md)
	jq -e '.xid == "q/1" and (.prompt.messages | length == 2)' \
	    "box/in/$name.json"
	grep -q "move it to answers/$name.md" "box/in/$name.md"
	sed 1,2d "box/in/$name.md" | diff - <(printf \
	    '=== system\n\nWrite.\n\n=== user\n\nNr. 1\nPlease.\n')
	mv a.md "box/answers/$name.md"
	wait
	[ "$(jq -r .gen.strategy out)" = 'make it go' ]
	[ "$(cd box && find . -type f | sort | xargs)" = \
	    "./done/$name.answer ./done/$name.json ./done/$name.md" ]
}

# Answers whatever the mailbox asks, until it has answered $1.
postman() {
	for ((n = 0; n < $1;)); do
		for f in box/in/*.md; do
			name=$(basename "$f" .md)
			[ -e "$f" ] && [ ! -e "seen-$name" ] || continue
			touch "seen-$name"
			answer >tmp.txt
			mv tmp.txt "box/answers/$name.txt"
			n=$((n + 1))
		done
		sleep 0.02
	done
}

@test "mailbox: many in flight, and none is asked twice" {
	asks 1 12 >in
	postman 12 &
	timeout 20 ke-gen -j 4 -b mailbox:box in >out
	wait
	[ "$(jq -r 'select(.source).xid' out | sort -u | wc -l)" -eq 12 ]
	[ "$(ls box/done/*.answer | wc -l)" -eq 12 ]
	# again: answered from done, nobody needs to be there
	timeout 20 ke-gen -j 4 -b mailbox:box in >again
	[ "$(jq -r .fingerprint again | wc -l)" -eq 12 ]
	[ "$(ls box/in box/answers | grep -c q_)" -eq 0 ]
}

@test "mailbox: goes on after a kill, in either direction" {
	answer >a.md
	asks 1 2 >in
	ke-gen -b mailbox:box in >out &
	gen=$!
	await eval '[ "$(ls box/in/*.md 2>/dev/null | wc -l)" -eq 2 ]'
	kill -9 $gen
	wait $gen || true
	[ ! -s out ]
	touch -d 2001-01-01 box/in/*
	rm box/in/q_2-*.md # as if it had died between the two files
	# answered while nobody waits
	name=$(basename box/in/q_1-*.md .md)
	mv a.md "box/answers/$name.md"
	ke-gen -b mailbox:box in >out &
	gen=$!
	await eval '[ "$(wc -l <out)" -eq 1 ]'
	await compgen -G 'box/in/q_2-*.md' >/dev/null
	[ "$(jq -r .xid out)" = q/1 ]
	await test -e "box/done/$name.answer"
	# what was asked before was left as it was
	[ "$(date -r box/in/q_2-*.json +%Y)" -eq 2001 ]
	kill $gen
	wait $gen || true
}

@test "mailbox: an answer in JSON says how it was made, or what went wrong" {
	asks 1 4 >in
	ke-gen -q -T 0.1 -b mailbox:box in >out
	reply() {
		name=$(basename box/in/q_$1-*.md .md)
		jq -nc --rawfile text <(answer) "$2" >tmp.json
		mv tmp.json "box/answers/$name.json"
	}
	reply 1 '{$text, model: "m", usage: {in: 5, out: 7}, finish: "length"}'
	reply 2 '{error: {code: "refusal", message: "no"}, usage: {in: 5}}'
	reply 3 '[]'
	reply 4 '"cut off" | ltrimstr("cut")'
	ke-gen -q -b mailbox:box in >out
	jq -se 'map({(.xid): .}) | add | .["q/1"].gen.model == "m" and
	    .["q/1"].gen.usage.out == 7 and .["q/1"].gen.finish == "length" and
	    (.["q/1"].source | contains("ke-plan")) and
	    .["q/2"].error.code == "refusal" and .["q/2"].gen.usage.in == 5 and
	    .["q/3"].error.code == "unreadable" and
	    .["q/4"].error.code == "unreadable"' out
	[ "$(ls box/done/*.reply | wc -l)" -eq 4 ]
	ke-gen -q -b mailbox:box in | jq -s -e 'length == 4'
}

# Answers as the man page's example does, and logs what it has answered.
cat_worker() {
	cat <<-'EOT'
	cd box
	until [ -e ../stop ]; do
	    for f in in/*.md; do
	        n=$(basename "$f" .md)
	        (
	            flock -n 9 || exit
	            [ -e "$f" ] || exit
	            for a in answers/$n.* done/$n.answer done/$n.reply; do
	                [ ! -e "$a" ] || exit
	            done
	            t=$(mktemp -p .) && cat ../a.md >"$t" &&
	                mv "$t" "answers/$n.md" && echo "$n" >>../answered
	        ) 9<"$f"
	    done 2>/dev/null
	done
	EOT
}

# Runs a command in a process group of its own until it ends well, whoever
# kills it; its output goes to another file each time.
insist() { # NAME COMMAND ...
	local name=$1 k=0
	shift
	while :; do
		setsid "$@" >"out.$name.$k" &
		echo $! >"pid.$name"
		! wait $! 2>/dev/null || break
		k=$((k + 1))
	done
	rm "pid.$name"
}

@test "mailbox: whoever is killed, nothing is lost, nothing answered twice" {
	answer >a.md
	cat_worker >worker
	asks 1 60 >in.a
	asks 40 100 >in.b
	insist a ke-gen -j 16 -b mailbox:box in.a &
	insist b ke-gen -j 16 -b mailbox:box in.b &
	await test -d box/in
	for w in 1 2 3; do insist w$w bash worker & done
	for _ in $(seq 200); do
		pids=(pid.[ab] pid.w*)
		[ -e pid.a ] || [ -e pid.b ] || break
		sleep 0.0$((RANDOM % 8))
		kill -9 -- "-$(cat "${pids[RANDOM % ${#pids[@]}]}")" || true
	done 2>/dev/null
	await eval '[ ! -e pid.a ] && [ ! -e pid.b ]'
	touch stop
	wait
	# of a killed one the last line may be torn
	cat out.[ab].* | jq -rR 'fromjson? | select(.source).xid' | sort -u |
	    wc -l >n
	[ "$(cat n)" -eq 100 ]
	[ "$(ls out.[ab].* out.w* | wc -l)" -gt 10 ]
	[ "$(sort answered | uniq -d)" = '' ]
	# but for what was being written
	[ "$(ls box/in box/answers | grep -cE '(md|json)$')" -eq 0 ]
	[ "$(ls box/done/*.answer | wc -l)" -eq 100 ]
}

@test "mailbox: the same xid with another question is another letter" {
	asks 1 1 >in
	asks 2 2 | jq -c '.xid = "q/1"' >>in
	ke-gen -q -T 0.3 -b mailbox:box in >out
	[ "$(ls box/in/*.md | wc -l)" -eq 2 ]
	[ "$(jq -r .error.code out | xargs)" = 'timeout timeout' ]
}

@test "mailbox: names leave no folder" {
	asks 1 1 | jq -c '.xid = "../../x y"' |
	    ke-gen -q -T 0.1 -b mailbox:box >out
	compgen -G 'box/in/_._.._x_y-*.md' || compgen -G 'box/in/*x_y-*.md'
	[ "$(find . -path ./box -prune -o -newer ops -name '*x*y*' -print)" = '' ]
}

@test "mailbox: ends when nobody reads, and keeps the question" {
	asks 1 1 >in
	mkfifo out
	timeout 20 ke-gen -b mailbox:box in >out &
	gen=$!
	exec 9<out
	await compgen -G 'box/in/*.md' >/dev/null
	exec 9<&-
	wait $gen
	[ "$(ls box/in/*.md | wc -l)" -eq 1 ]
}

@test "mailbox: a folder that can't be is status 111" {
	echo file >plain
	run ke-gen -b mailbox:plain/box </dev/null
	[ "$status" -eq 111 ]
	[[ $output == 'ke-gen: -b: mailbox: plain/box'* ]]
}

@test "replay of tune gives the recording to the byte" {
	drafts 0 3 >in
	child ops/tiny/seed.c '{}' >>in
	child ops/tiny/seed.c '{"A": 4}' '[]' 1 >>in
	for i in 2 3 4 5; do child ops/tiny/seed.c '{}' '[]' $i; done >>in
	echo '{"v":1,"op":"none","xid":"e"}' >>in
	ke-gen -q -b tune:0 in | tee rec | jq -s 'length == 11' | grep -q true
	grep -q exhausted rec
	ke-gen -q -b replay:rec in | cmp - rec
}

@test "replay of exec and mailbox gives the recordings to the byte" {
	asks 1 3 >in
	# one question put twice, one that is answered badly
	jq -c 'select(.xid == "q/1") | .xid = "q/0"' in >>in
	cat >cmd <<-'EOT'
	n=$(cat count 2>/dev/null || echo 0)
	echo $((n + 1)) >count
	case $n in
	2) echo nothing ;;
	*) cat answer$n ;;
	esac
	EOT
	for i in 0 1 3; do
		seed "k$i" '"A": [1, 2]' '"A": 2' >answer$i
	done
	ke-gen -q -j 1 -b 'exec:sh ./cmd' in >rec
	[ "$(jq -r .fingerprint rec | sort -u | wc -l)" -eq 4 ]
	grep -q no_candidate rec
	ke-gen -q -b replay:rec in | cmp - rec
	postman 4 &
	timeout 20 ke-gen -j 1 -b mailbox:box in >rec
	wait
	ke-gen -b replay:rec in | cmp - rec
}

@test "replay: another xid takes the next answer, once each" {
	drafts 2 3 >in
	jq -c '.run = "s" | .select.draft = 2' in >same
	ke-gen -b tune same >rec
	jq -c '.xid = "y"' same >other
	cat same >>other
	ke-gen -q -b replay:rec other >out
	[ "$(jq -r '.fingerprint // .error.code' out | xargs)" = \
	    "$(jq -r .fingerprint rec | xargs) no_answer no_answer" ]
}

@test "replay: confirmations and others' errors answer nothing" {
	drafts 0 0 >in
	ke-gen -b tune in >rec
	jq -c '.select.phase = "confirm"' rec >not
	jq -c '.error = {tool: "ke-eval", code: "c", message: "m"}' rec >>not
	ke-gen -q -b replay:not in | jq -e '.error.code == "no_answer"'
}

@test "replay: a recording that can't be read is wrong usage" {
	echo nonsense >rec
	run ke-gen -b replay:rec </dev/null
	[ "$status" -eq 2 ]
	[ "$output" = 'ke-gen: -b: replay: rec:1: column 1: not JSON' ]
}
