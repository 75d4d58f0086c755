#!/usr/bin/env bats
# ke-store: what one run leaves to others: overviews, reuse, export and import;
# and what is left by none.
bats_require_minimum_version 1.5.0

load store

# A run that has one of everything: a crossover, a wrong one, a duplicate, an
# error, a lost one, a confirmation, one by hand whose source is a file.
everything() {
	local a b

	a=$(node x1 1.5 | jq -r .id)
	b=$(tree x2 "$a" | ke-store expand | gen | evaluate 2.5 |
	    ke-store add | jq -r .id)
	tree x3 "$b" | jq -c --arg a "$a" '.pids = [$a]' | ke-store expand |
	    gen | evaluate 0 wrong | jq -c '.eval.detail = "y[3] is 0"' |
	    ke-store add
	tree x4 "$b" | ke-store expand | gen "kernel x2" | evaluate 2 |
	    ke-store add
	draft x5 | ke-store expand | jq -c 'del(.context) +
	    {error:{tool:"ke-gen", code:"quota", message:"no more"}}' |
	    ke-store add
	confirm c1 "$b" | ke-store expand | evaluate 2.25 | ke-store add
	jq -cn '{v:1, run:"r1", id:"hand", source:("x" * 70000),
	    eval:{status:"pass", score:0.5, effort:"full"}}' | ke-store add
	confirm c2 "$a" | ke-store expand | evaluate 0 noisy | ke-store add
	tree x6 nosuch | ke-store expand | ke-store add
	draft x7 | ke-store expand -x 1 > /dev/null
	await bash -c 'ke-store nodes | grep -q lost'
}

committed() { ke-store nodes "$@" | jq -Sc 'select(.seq)'; }

@test "a run is exported, and imported elsewhere as it was" {
	everything > /dev/null
	ke-store run -x stall r1
	ke-store export > file
	[ "$(jq -c '[.mark, .run]' file | head -n 1)" = '["export","r1"]' ]
	[ "$(wc -l < file)" -eq 11 ]
	run ke-store -d there import file
	[ "$status" -eq 0 ]
	[ "$output" = '{"run":"r1","committed":10,"late":0}' ]
	committed > rows
	[ "$(wc -l < rows)" -eq 10 ]
	export KE_STORE=there
	ke-store fsck
	committed | cmp - rows
	ke-store run | cmp - <(ke-store -d store run)
	for id in $(jq -r .id rows | sort -u); do
		cmp <(ke-store get "$id" | jq -S .) \
		    <(ke-store -d store get "$id" | jq -S .)
	done
	# back again, it is the same run
	[ "$(ke-store export | ke-store -d store import)" = \
	    '{"run":"r1","committed":0,"late":10}' ]
	ke-store export | jq -Sc . | cmp - <(jq -Sc . file)
}

@test "two copies of a run that went on apart are merged, either way" {
	node x1 1
	ke-store export | ke-store -d other import
	# the same xid, drawn twice
	node x2 2
	(export KE_STORE=other; node x2 3; node x3 4 pass "kernel x2")
	ke-store export > mine
	run ke-store -d other import mine
	[ "$output" = '{"run":"r1","committed":1,"late":1}' ]
	[ "$(ke-store -d other export | ke-store import)" = \
	    '{"run":"r1","committed":2,"late":2}' ]
	for s in store other; do
		ke-store -d "$s" fsck
		[ "$(ke-store -d "$s" nodes | jq .seq? | grep -c '^[1-4]$')" \
		    -eq 4 ]
	done
	cmp <(ke-store nodes | jq -r '.id // empty' | sort) \
	    <(ke-store -d other nodes | jq -r '.id // empty' | sort)
}

@test "import: another run of that name, an id that is taken, bad lines" {
	node x1 1
	ke-store export > file
	run_line other | ke-store -d there run -c r1
	run ke-store -d there import file
	[ "$status" -eq 1 ]
	[[ ${lines[0]} == "ke-store: file:1: run r1 is there, and is another"* ]]
	[[ ${lines[1]} == "ke-store: file:2: no run's line before it that holds" ]]
	[ "$(ke-store -d there import -r theirs file)" = \
	    '{"run":"theirs","committed":1,"late":0}' ]
	[ "$(ke-store -d there nodes -r theirs | tail -n 1 | jq .score)" = 1 ]
	run --separate-stderr ke-store import -r again file
	[ "$status" -eq 1 ]
	[[ $stderr == *"is a node of another run" ]]
	{ cat file; echo '{"v":1,'; tail -n 1 file | head -c 50; } > torn
	run --separate-stderr ke-store -d new import torn
	[ "$status" -eq 1 ]
	[ "$output" = '{"run":"r1","committed":1,"late":0}' ]
	run ke-store export nosuch
	[ "$status" -eq 1 ]
	run bash -c 'ke-store export > /dev/full'
	[ "$status" -eq 111 ]
	ke-store -d empty import < /dev/null
	[ -z "$(ke-store -d empty run)" ]
}

@test "an import that was killed goes on" {
	adds 2000 | ke-store add > /dev/null
	ke-store export > file
	mkfifo pipe
	ke-store -d there import < pipe > /dev/null &
	exec 9> pipe
	head -n 1001 file >&9
	await bash -c '[ "$(ke-store -d there nodes 2> /dev/null |
	    wc -l)" -gt 900 ]'
	kill -9 $!
	wait $! || true
	exec 9>&-
	ke-store -d there import file > told
	jq -e '.committed + .late == 2000 and .late > 900' told
	committed -r r1 > rows
	KE_STORE=there committed | cmp - rows
}

@test "an overview tells a person what a node is" {
	a=$(node x1 1.5 | jq -r .id)
	b=$(tree x2 "$a" | ke-store expand | gen | jq -c '.choice.BM = 64 |
	    .gen.model = "m-1" | .select.why = "the best\n## so far"' |
	    evaluate 3 | jq -c '.eval.cases = [{dims:{N:7}, t_us:4,
	    baseline_us:8, speedup:{mid:2, lo:1.9, hi:2.1}}] |
	    .profile.bottleneck.advice = "read less"' |
	    ke-store add | jq -r .id)
	tree x3 "$b" | ke-store expand | gen | evaluate 0 wrong |
	    jq -c '.eval.detail = "y[3] is 0"' | ke-store add > row
	ke-store get -m "$b" > text
	grep -Fx "# conv1d on cpu, f32: node $b" text
	grep -Fx -- "- move BM" text
	grep -Fx -- "- from $a (pass, score 1.5)" text
	grep -Fx -- "- choice: BM = 64 (was 32)" text
	grep -Fx -- "- chosen because: the best ## so far" text
	grep -Fx -- "- written by: m-1" text
	grep -Fx -- "- pass, score 3, 2 times its parent's" text
	grep -Fx "| N=7 | 4 | 8 | 2 (1.9 to 2.1) |" text
	grep -Fx -- "- bottleneck: memory" text
	grep -Fx -- "- advice: read less" text
	grep -Fx -- "- 1 children, 0 of them pass" text
	grep -Fx "Used: 120 tokens, 0.01 US dollars, 2.5 seconds." text
	ke-store get -m "$(jq -r .id row)" > text
	grep -Fx -- "- wrong" text
	grep -Fx -- "- y[3] is 0" text
	grep -Fx "Nothing yet." text
	run ke-store get -m nosuch
	[ "$status" -eq 1 ]
}

# traits TAG...: what a run is created from, with those tags
like() {
	run_line | jq -c '.traits = {tags: $ARGS.positional, in: [2, 1],
	    out: [2], reduction: true, elements: 1000000}' --args "$@"
}

# in_run RUN XID SCORE
in_run() {
	draft "$2" | jq -c --arg r "$1" '.run = $r' | ke-store expand |
	    jq -c --arg r "$1" '.op = null | del(.op)' | gen |
	    evaluate "$3" | ke-store add
}

@test "drafts are told of what is like them, best likeness first" {
	like contraction | jq -c '.op = "gemm"' | ke-store run -c gemm
	like contraction fusion | jq -c '.op = "pffn"' | ke-store run -c pffn
	like sort | jq -c '.op = "mbdt"' | ke-store run -c mbdt
	like contraction fusion | jq -c '.op = "ffn" | .target = "cuda:sm_90"' |
	    ke-store run -c far
	for r in gemm pffn mbdt far; do in_run "$r" "x-$r" 2; done
	like contraction fusion | jq -c '.op = "new"' | ke-store run -c new
	draft y1 | jq -c '.run = "new"' | ke-store expand > e
	[ "$(jq -c '.context.similar | map([.run, .op, .source])' e)" = \
	    '[["pffn","pffn","kernel x-pffn"],["gemm","gemm","kernel x-gemm"],["far","ffn","kernel x-far"]]' ]
	jq -e '.context.similar[0] | .likeness > 0.4 and .likeness < 0.9 and
	    (.shares | contains("tag:fusion")) and .choice == {BM:32} and
	    .strategy == "move BM" and .bottleneck == "memory"' e
	jq -e '.context | has("reused") | not' e
	# the same operator on another target is more like than any of these
	like contraction fusion | jq -c '.op = "new" | .target = "cuda:sm_80"' |
	    ke-store run -c twin
	in_run twin x-twin 1
	[ "$(ke-store reuse -r new | jq -r .run | paste -sd' ')" = \
	    "twin pffn gemm far" ]
	[ "$(ke-store reuse -r new -n 1 | jq -r .run)" = twin ]
	# what is alike in nothing but machine and types is not told
	[ -z "$(ke-store reuse -r r1)" ]
	# steps further on are not told
	id=$(in_run new y2 1 | jq -r .id)
	tree y3 "$id" | jq -c '.run = "new"' | ke-store expand |
	    jq -e '.context | has("similar") | not'
	ke-store fsck
}

@test "reuse by words finds overviews, and follows the best node" {
	node x1 2
	run_line | ke-store run -c r2
	draft y1 | jq -c '.run = "r2"' | ke-store expand | gen |
	    evaluate 2 | jq -c '.profile.bottleneck = {name:"latency",
	    evidence:"chains of \"fma\" wait"}' | ke-store add
	[ "$(ke-store reuse latency chain | jq -r .run)" = r2 ]
	[ "$(ke-store reuse memory | jq -r .run)" = r1 ]
	[ -z "$(ke-store reuse memory latency)" ]
	[ "$(ke-store reuse '"fma"' | jq -r .run)" = r2 ]
	[ -z "$(ke-store reuse 'x" OR "latency')" ]
	node x2 3 | jq -r .id > best
	# who can't write tells what was known before
	{ echo 'BEGIN IMMEDIATE;'; echo '.shell touch locked'
	    echo '.shell while ! test -e go; do sleep 0.02; done'; } |
	    sqlite3 "$KE_STORE/ke.db" &
	await test -e locked
	[ "$(ke-store -w 0 reuse memory | jq -r .run)" = r1 ]
	touch go
	wait
	ke-store reuse memory | jq -e --rawfile b best '"\(.id)\n" == $b'
	# known by another evaluation: told by it
	confirm c1 "$(< best)" | ke-store expand | evaluate 2.5 |
	    jq -c '.profile.bottleneck.name = "spills"' | ke-store add
	[ "$(ke-store reuse spills | jq .score)" = 2.5 ]
	[ -z "$(ke-store reuse memory)" ]
	ke-store fsck
}

@test "gc takes what nothing names, and nothing else" {
	everything > /dev/null
	committed > before
	run ke-store gc
	[ "$output" = '{"rows":0,"files":0,"bytes":0}' ]
	# left by a writer that died before its commit, and in the middle
	mkdir -p "$KE_STORE/objects/ab"
	head -c 1000 /dev/zero > "$KE_STORE/objects/ab/cdef"
	f=$(find "$KE_STORE/objects" -type f -size +60k)
	head -c 10 "$f" > "$f.123.XYZabc"
	sqlite3 "$KE_STORE/ke.db" "INSERT INTO objects(hash, shared, size, body)
	    VALUES('$(printf abc | sha256sum | cut -d' ' -f1)', 0, 3, 'abc')"
	[ "$(ke-store gc -n)" = '{"rows":1,"files":2,"bytes":1013}' ]
	[ "$(ke-store gc -n)" = '{"rows":1,"files":2,"bytes":1013}' ]
	[ "$(ke-store gc)" = '{"rows":1,"files":2,"bytes":1013}' ]
	[ "$(ke-store gc)" = '{"rows":0,"files":0,"bytes":0}' ]
	ke-store fsck
	committed | cmp - before
	[ "$(ke-store get -s hand | wc -c)" -eq 70000 ]
}

@test "gc waits for who has written a file and not its row" {
	jq -cn '{v:1, run:"r1", id:"big", source:("x" * 70000)}' > rec
	# the writer's row waits for a lock that another holds
	{ echo 'BEGIN IMMEDIATE;'; echo '.shell touch locked'
	    echo '.shell while ! test -e go; do sleep 0.02; done'
	    echo 'COMMIT;'; } | sqlite3 "$KE_STORE/ke.db" &
	await test -e locked
	ke-store add rec > row &
	await bash -c 'find store/objects -type f | grep -q .'
	ke-store gc > gone &
	await grep -q -e '-> FLOCK' /proc/locks
	touch go
	wait
	[ "$(jq -c '[.files, .bytes]' gone)" = '[0,0]' ]
	[ "$(ke-store get -s big | wc -c)" -eq 70000 ]
	ke-store fsck
}

@test "16 writers killed at random: nothing acknowledged is lost" {
	"$BATS_TEST_DIRNAME/store-kill" "${KE_KILL_ROUNDS:-2}"
}
