#!/usr/bin/env bats
# ke-store: each test has a store of its own, with one run r1.
bats_require_minimum_version 1.5.0

load store

@test "a step of the loop: nodes, expand, known, add" {
	run ke-store nodes
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.mark, .run, .op, .target, .language, .dtype, .seed,
	    .baseline.id]' <<<"$output")" = \
	    '["run","r1","conv1d","cpu","c","f32","7","b"]' ]
	row=$(draft x1 | ke-store expand | gen | ke-store known |
	    evaluate 1.5 | ke-store add)
	[ "$(jq -c '[.xid, .seq, .status, .score, .effort, .phase, .depth,
	    .choice, .bottleneck, .registers, .t_us, .tokens, .money,
	    .seconds]' <<<"$row")" = '["x1",1,"pass",1.5,"quick","draft",0,{"BM":32},"memory",40,6,120,0.01,2.5]' ]
	[ "$(ke-store nodes | tail -n 1)" = "$row" ]
	run ke-store fsck
	[ "$status" -eq 0 ]
}

@test "a row says launches, shared memory, energy, how near the roofline" {
	row=$(draft x1 | ke-store expand | gen | evaluate 1.5 |
	    jq -c '.eval.compile += {launches: 2, shared_bytes: 4096} |
	    .eval.joules = 12.5 |
	    .profile.roofline = {fraction: 0.75}' | ke-store add)
	[ "$(jq -c '[.launches, .shared, .joules, .roofline]' <<<"$row")" = \
	    '[2,4096,12.5,0.75]' ]
}

@test "a run is created from one line, shown, finished" {
	run bash -c "$(declare -f run_line); run_line | ke-store run -c r1"
	[ "$status" -eq 1 ]
	[[ $output == "ke-store: "*"run r1 is there already" ]]
	run_line K2 > line
	ke-store run -c r2 line
	node x1 1.5
	node x2 0 wrong
	run ke-store run r1
	[ "$(jq -c '[.name, .op, .target, .language, .dtype, .env.key, .nodes,
	    .pass, .best, .best_quick, .tokens, .finished]' <<<"$output")" = \
	    '["r1","conv1d","cpu","c","f32","K",2,1,null,1.5,240,null]' ]
	[[ $(jq -r .created <<<"$output") == 20*T*Z ]]
	ke-store run -x stall r1
	[ "$(ke-store run | jq -c '[.name, .finished]' | paste -sd' ')" = \
	    '["r1","stall"] ["r2",null]' ]
	run ke-store run nosuch
	[ "$status" -eq 1 ]
	[[ $output == *"no run nosuch" ]]
}

@test "a run's line must be whole, and one" {
	run ke-store run -c r2 <<<'{"v":1,"op":"conv1d","target":"cpu"}'
	[ "$status" -eq 1 ]
	[ "$output" = "ke-store: stdin:1: language: missing" ]
	run ke-store run -c r2 < /dev/null
	[ "$status" -eq 1 ]
	run bash -c "$(declare -f run_line);
	    { run_line; run_line; } | ke-store run -c r2"
	[ "$status" -eq 1 ]
	[[ $output == *"stdin:2: a run is created from one line" ]]
}

@test "an id is drawn, the run's members are filled in, the rest passes" {
	out=$(draft x1 | jq -c '.mine = {a:[1,2]}' | ke-store expand)
	[ "$(jq -c '[.op, .target, .language, .dtype, .mine]' <<<"$out")" = \
	    '["conv1d","cpu","c","f32",{"a":[1,2]}]' ]
	[[ $(jq -r .id <<<"$out") =~ ^[0-9a-f]{12}$ ]]
	# what has an id, an error, a source or a mark passes to the byte
	printf '%s\n' "$out" '{"v":1,"error":{"code":"x"}}' \
	    '{"source":"s"}' '{"mark":"live"}' > in
	ke-store expand in | cmp - in
	# unknown members come back with the node
	id=$(gen <<<"$out" | evaluate 1 | ke-store add | jq -r .id)
	[ "$(ke-store get "$id" | jq -c .mine)" = '{"a":[1,2]}' ]
}

@test "a node comes back whole, with its members in order" {
	draft x1 | ke-store expand | gen | jq -c '.prompt = {messages:[]}' |
	    evaluate 1.5 > rec
	id=$(ke-store add rec | jq -r .id)
	ke-store get "$id" | jq -c 'del(.seq, .fingerprint)' | cmp - rec
	[ "$(ke-store get -s "$id")" = "kernel x1" ]
	[ "$(ke-store get "$id" | jq .seq)" = 1 ]
	run ke-store get "$id" nosuch
	[ "$status" -eq 1 ]
	[[ ${lines[1]} == *"no node nosuch" ]]
}

@test "a section is kept as it stands, whatever is in its strings" {
	r='{ "v":1,"run":"r1", "mine":{"eval":1,"x":"\"eval\":{"},'
	r+='"source":"a \"b\" \\","eval" : {"status":"pass","score":1.50,'
	r+='"detail":"}],\"profile\":{\\","cases":[[],{},"]"],"n":[1e-7]} ,'
	r+='"profile":{"passes":[{"why":"\u00e9 \\\" }"}]},"z":null}'
	id=$(ke-store add <<<"$r" | jq -r .id)
	ke-store get "$id" | jq -Sc 'del(.id, .seq, .fingerprint)' > got
	jq -Sc . <<<"$r" | cmp - got
	ke-store get "$id" | grep -F '"score":1.5'
	draft x | jq -c --arg p "$id" '.pid = $p' | ke-store expand |
	    jq -Sc .context.parent.eval | cmp - <(jq -Sc .eval <<<"$r")
	[ "$(ke-store get -s "$id")" = 'a "b" \' ]
}

@test "context: parents, ancestors, siblings, best, tried" {
	a=$(node x1 1 | jq -r .id)
	b=$(tree x2 "$a" | ke-store expand | gen | evaluate 2 |
	    ke-store add | jq -r .id)
	c=$(tree x3 "$b" | ke-store expand | gen "kernel x2" |
	    jq -c '.choice = {BM:64}' | evaluate 0 wrong |
	    jq -c '.eval.detail = "y is 0"' | ke-store add | jq -r .id)
	d=$(tree x4 "$b" | ke-store expand | gen | evaluate 9 |
	    ke-store add | jq -r .id)
	tree x5 "$b" | jq -c --arg d "$d" '.pids = [$d]' | ke-store expand > e
	[ "$(jq -c '.context | keys' e)" = \
	    '["ancestors","best","env","failed","parent","parent2","siblings","tried"]' ]
	[ "$(jq -c '.context.parent | [.id, .source, .choice, .score,
	    .eval.status, .profile.bottleneck.name]' e)" = \
	    "[\"$b\",\"kernel x2\",{\"BM\":32},2,\"pass\",\"memory\"]" ]
	[ "$(jq -r .context.parent2.source e)" = "kernel x4" ]
	[ "$(jq -c '[.context.ancestors[] | [.id, .status, .score, .choice,
	    .strategy]]' e)" = "[[\"$a\",\"pass\",1,{\"BM\":32},\"move BM\"]]" ]
	[ "$(jq -r '.context.siblings[].id' e | paste -sd' ')" = "$d $c" ]
	[ "$(jq -c '.context.best | [.id, .score, .source]' e)" = \
	    "[\"$d\",9,\"kernel x4\"]" ]
	# the same source: b and c, newest first
	[ "$(jq -c '[.context.tried[] | [.choice.BM, .status, .score,
	    .detail]]' e)" = '[[64,"wrong",0,"y is 0"],[32,"pass",2,null]]' ]
	[ "$(jq -r '.context.tried[0].source' e)" = \
	    "$(printf 'kernel x2' | sha256sum | cut -d' ' -f1)" ]
	# the best that is the parent itself comes without its source
	[ "$(tree x6 "$d" | ke-store expand | jq -c '.context.best |
	    has("source")')" = false ]
	ke-store fsck
}

@test "context: env is the run's, where it has one" {
	draft x1 | ke-store expand | jq -e '.context.env == {key: "K"}'
	run_line | jq -c 'del(.env)' | ke-store run -c r2
	draft x2 | jq -c '.run = "r2"' | ke-store expand > e
	jq -e '.id and (.context | has("env") | not)' e
}

@test "context: what came of the models that were asked" {
	asked() { # MODEL USAGE: as generated by it
		gen "$3" | jq -c --arg m "$1" --argjson u "$2" \
		    '.gen += {backend: "openai", model: $m, usage: $u}'
	}
	a=$(draft x1 | ke-store expand | asked m1 '{"in":10,"out":5}' |
	    evaluate 2 | ke-store add | jq -r .id)
	draft x2 | ke-store expand | jq '.context.models == [{model: "m1",
	    nodes: 1, better: 1, tokens: 15, usd: 0.01}]' | grep -q true
	tree x3 "$a" | ke-store expand | asked m1 '{"in":10,"out":5}' |
	    evaluate 1.5 | ke-store add
	tree x4 "$a" | ke-store expand | asked m2 '{}' |
	    jq -c 'del(.gen.cost_usd)' | evaluate 2.5 | ke-store add
	tree x5 "$a" | ke-store expand | asked m2 '{}' |
	    jq -c 'del(.gen.cost_usd)' | evaluate 0 wrong | ke-store add
	# one that nobody was asked for, and one that is confirmed
	node x6 9
	confirm x7 "$a" | ke-store expand | evaluate 2.2 | ke-store add
	tree x8 "$a" | ke-store expand | jq -c .context.models >got
	[ "$(cat got)" = '[{"model":"m1","nodes":2,"better":1,"tokens":30,'\
'"usd":0.02},{"model":"m2","nodes":2,"better":1}]' ]
	[ "$(ke-store nodes | jq -c 'select(.xid | IN("x4", "x6")?) | .model' |
	    xargs)" = 'm2 null' ]
}

@test "context: memory says what is told" {
	a=$(node x1 1 | jq -r .id)
	b=$(tree x2 "$a" | ke-store expand | gen | evaluate 2 |
	    ke-store add | jq -r .id)
	c=$(tree x3 "$b" | ke-store expand | gen | evaluate 1 |
	    ke-store add | jq -r .id)
	told() {
		tree "m-$1" "$b" "$1" | ke-store expand |
		    jq -c '.context | (keys - ["parent", "tried", "best",
		        "env"]) +
		        [.failed[]?.id]'
	}
	# c gained nothing over b, nor d over a
	d=$(tree x5 "$a" | ke-store expand | gen | evaluate 0 wrong |
	    jq -c '.eval.detail = "y is 0"' | ke-store add | jq -r .id)
	tree x6 "$a" | ke-store expand | gen | evaluate 0 noisy |
	    ke-store add
	[ "$(told parent)" = "[\"ancestors\",\"failed\",\"$d\"]" ]
	[ "$(told siblings)" = "[\"failed\",\"siblings\",\"$c\"]" ]
	[ "$(told both)" = \
	    "[\"ancestors\",\"failed\",\"siblings\",\"$d\",\"$c\"]" ]
	[ "$(tree m "$b" parent | ke-store expand | jq -c '.context.failed |
	    map([.status, .strategy, .detail])')" = \
	    '[["wrong","move BM","y is 0"]]' ]
	[ "$(told none)" = '[]' ]
	[ "$(tree n "$b" none | ke-store expand |
	    jq '.context | has("best")')" = false ]
}

@test "context: a draft is told what the run tried, and what is in flight" {
	node x1 1
	node x2 0 compile_error
	draft x3 | ke-store expand > /dev/null
	draft x4 | ke-store expand > e
	[ "$(jq -c '[.context.tried[].status]' e)" = \
	    '["pending","compile_error","pass"]' ]
}

@test "context: at most 128 tried, newest first" {
	for i in {1..300}; do draft "x$i"; done | ke-store expand |
	    gen same | jq -c '.choice.BM = (.xid[1:] | tonumber)' |
	    evaluate 1 > recs
	id=$(ke-store add recs | tail -n 1 | jq -r .id)
	tree y "$id" | ke-store expand > e
	[ "$(jq '.context.tried | length' e)" -eq 128 ]
	[ "$(jq -c '.context.tried | [.[0], .[127] | .choice.BM]' e)" = \
	    '[300,173]' ]
}

@test "context: the best nodes of other runs are there for drafts" {
	node x1 3
	node x2 2
	run_line | ke-store run -c r2
	draft y1 | jq -c '.run = "r2"' | ke-store expand > e
	[ "$(jq -c '.context.reused | map([.run, .score, .source, .choice])' \
	    e)" = '[["r1",3,"kernel x1",{"BM":32}]]' ]
	run_line | jq -c '.target = "cuda:sm_90"' | ke-store run -c r3
	[ "$(draft y2 | jq -c '.run = "r3"' | ke-store expand |
	    jq '.context | has("reused")')" = false ]
}

@test "an expansion that can't be goes on with an error" {
	code() { ke-store expand | jq -r '.error | [.tool, .code] | @tsv'; }
	[ "$(draft x1 | jq -c '.run = "r9"' | code)" = \
	    $'ke-store\tunknown_run' ]
	[ "$(draft x1 | jq -c 'del(.run)' | code)" = $'ke-store\tunknown_run' ]
	[ "$(tree x1 nosuch | code)" = $'ke-store\tunknown_parent' ]
	[ "$(draft x1 | jq -c '.pids = ["nosuch"]' | code)" = \
	    $'ke-store\tunknown_parent' ]
	[ "$(confirm x1 nosuch | code)" = $'ke-store\tunknown_parent' ]
	draft x1 | ke-store expand > /dev/null
	[ "$(draft x1 | code)" = $'ke-store\tduplicate_xid' ]
	node x2 1
	[ "$(draft x2 | code)" = $'ke-store\tduplicate_xid' ]
	# kept as nodes that failed
	row=$(tree x7 nosuch | ke-store expand | ke-store add)
	[ "$(jq -c '[.xid, .status, .score, has("pid")]' <<<"$row")" = \
	    '["x7","error",0,false]' ]
	ke-store fsck
}

@test "known: what was measured before, in the same environment" {
	node x1 1.5
	draft x2 | ke-store expand | gen "kernel x1" > rec
	out=$(ke-store known rec)
	[ "$(jq -c '[.eval.known, .eval.score, .profile.bottleneck.name]' \
	    <<<"$out")" = '[true,1.5,"memory"]' ]
	[ "$(ke-store known -k other rec | jq 'has("eval")')" = false ]
	[ "$(jq -c '.choice.BM = 8' rec | ke-store known |
	    jq 'has("eval")')" = false ]
	[ "$(jq -c '.select.effort = "full"' rec | ke-store known |
	    jq 'has("eval")')" = false ]
	[ "$(jq -c '.dtype = "f16"' rec | ke-store known |
	    jq 'has("eval")')" = false ]
	# the fingerprint of ke-record(5) where ke-gen gave none
	[ "$(jq -r .fingerprint <<<"$out")" = "$(printf '%s\0%s' 'kernel x1' \
	    '{"BM":32}' | sha256sum | head -c 32)" ]
	# what has no source, or an evaluation, passes to the byte
	printf '%s\n' '{"v":1,"xid":"a"}' '{"source":"s","eval":{}}' > in
	ke-store known in | cmp - in
}

@test "known: what the moment decided is not" {
	for s in hung timeout invalid throttled noisy lost quarantined; do
		node "x-$s" 0 "$s" "kernel $s"
		draft "y-$s" | ke-store expand | gen "kernel $s" |
		    ke-store known | jq -e 'has("eval") | not'
	done
	node z1 0 wrong
	[ "$(draft z2 | ke-store expand | gen "kernel z1" | ke-store known |
	    jq -r .eval.status)" = wrong ]
}

@test "add: a candidate that the run has is a duplicate" {
	node x1 1.5
	row=$(node x2 2 pass "kernel x1")
	[ "$(jq -c '[.xid, .status, .score]' <<<"$row")" = \
	    '["x2","duplicate",0]' ]
	# not in another run, nor after a result of the moment
	run_line | ke-store run -c r2
	[ "$(draft y | jq -c '.run = "r2"' | ke-store expand |
	    gen "kernel x1" | evaluate 2 | ke-store add | jq -r .status)" = \
	    pass ]
	node x3 0 noisy
	[ "$(node x4 2 pass "kernel x3" | jq -r .status)" = pass ]
	[ "$(node x5 2 pass "kernel x3" | jq -r .status)" = duplicate ]
	ke-store fsck
}

@test "add: a second time, or late, changes nothing" {
	draft x1 | ke-store expand | gen | evaluate 1.5 > rec
	row=$(ke-store add rec)
	ke-store nodes > before
	run --separate-stderr ke-store add rec
	[ "$status" -eq 0 ]
	[ "$output" = "${row%\}},\"late\":true}" ]
	[[ $stderr == *"was committed or given up before" ]]
	run --separate-stderr bash -c "jq -c 'del(.xid)' rec | ke-store add"
	[ "$status" -eq 0 ]
	[ "$output" = "${row%\}},\"late\":true}" ]
	ke-store nodes | cmp - before
}

@test "add: what failed is a node, and so is what has no evaluation" {
	draft x1 | ke-store expand |
	    jq -c 'del(.context) + {error:{tool:"ke-gen",code:"quota",
	    message:"m"}}' > rec
	row=$(ke-store add rec)
	[ "$(jq -c '[.xid, .seq, .status, .score]' <<<"$row")" = \
	    '["x1",1,"error",0]' ]
	[ "$(ke-store get "$(jq -r .id <<<"$row")" | jq -r .error.code)" = \
	    quota ]
	[ "$(draft x2 | ke-store expand | gen | ke-store add |
	    jq -r .status)" = error ]
	[ "$(ke-store nodes | grep -c pending)" -eq 0 ]
	ke-store fsck
}

@test "add: a kernel written by hand gets an id" {
	row=$(jq -cn '{v:1, op:"conv1d", target:"cpu", source:"s",
	    eval:{status:"pass", score:1.2, effort:"full"}}' |
	    ke-store add -r r1)
	[ "$(jq -c '[.seq, .status, .effort, .depth]' <<<"$row")" = \
	    '[1,"pass","full",0]' ]
	[ "$(ke-store best | jq -r .source)" = s ]
	# another operator's score must not count
	[ "$(jq -cn '{v:1, run:"r1", op:"softmax", source:"t",
	    eval:{status:"pass", score:99, effort:"full"}}' |
	    ke-store add | jq -r .status)" = error ]
	[ "$(ke-store best | jq -r .source)" = s ]
	run ke-store add <<<'{"v":1,"source":"s"}'
	[ "$status" -eq 1 ]
	[ "$output" = "ke-store: stdin:1: run: missing (-r names one)" ]
	# an id is a node's, in whichever run
	run_line | ke-store run -c r2
	id=$(ke-store best -r r1 | jq -r .id)
	run ke-store add <<<"{\"v\":1,\"run\":\"r2\",\"id\":\"$id\"}"
	[ "$status" -eq 1 ]
	[ "$output" = "ke-store: stdin:1: id: $id is a node of another run" ]
	run ke-store add <<<'{"v":1,"run":"r9","source":"s"}'
	[ "$status" -eq 1 ]
	[[ $output == "ke-store: stdin:1: "*"no run r9" ]]
}

@test "confirm: the node goes on as it is, and is measured again" {
	a=$(node x1 1 | jq -r .id)
	b=$(tree x2 "$a" | ke-store expand | gen | evaluate 3 |
	    ke-store add | jq -r .id)
	confirm c1 "$b" | ke-store expand > e
	[ "$(jq -c '[.id, .pid, .source, .choice, .select.effort,
	    has("context")]' e)" = \
	    "[\"$b\",\"$a\",\"kernel x2\",{\"BM\":32},\"full\",false]" ]
	[ "$(ke-store nodes | tail -n 1 | jq -c '[.id, .xid, .phase,
	    .pending]')" = "[\"$b\",\"c1\",\"confirm\",true]" ]
	run ke-store best
	[ "$status" -eq 1 ]
	[[ $output == "ke-store: run r1: no node with a full evaluation"* ]]
	[ "$(ke-store best -q | jq -c '[.id, .eval.effort]')" = \
	    "[\"$b\",\"quick\"]" ]
	row=$(ke-store known e | evaluate 2.5 | ke-store add)
	[ "$(jq -c '[.id, .xid, .seq, .pid, .status, .score, .effort,
	    .phase]' <<<"$row")" = \
	    "[\"$b\",\"c1\",3,\"$a\",\"pass\",2.5,\"full\",\"confirm\"]" ]
	[ "$(ke-store best | jq -c '[.id, .eval.score, .eval.effort]')" = \
	    "[\"$b\",2.5,\"full\"]" ]
	[ "$(ke-store run r1 | jq -c '[.nodes, .best, .best_quick]')" = \
	    '[2,2.5,3]' ]
	# once more: known, and the row repeats what is kept
	row=$(confirm c2 "$b" | ke-store expand | ke-store known |
	    ke-store add)
	[ "$(jq -c '[.xid, .seq, .status, .score, .effort]' <<<"$row")" = \
	    '["c2",4,"pass",2.5,"full"]' ]
	ke-store fsck
}

@test "confirm: one without an xid gets it, and is told once" {
	id=$(node x1 1 | jq -r .id)
	confirm c1 "$id" | ke-store expand | evaluate 2 |
	    jq -c 'del(.xid)' > rec
	row=$(ke-store add rec)
	[[ $(jq -r .xid <<<"$row") =~ ^[0-9a-f]{12}$ ]]
	[ "$(ke-store best | jq .eval.score)" = 2 ]
	ke-store export | ke-store import | jq -e '.late == 2'
	ke-store fsck
}

@test "confirm: what fails it is known by that; what is noisy is not" {
	a=$(node x1 3 | jq -r .id)
	b=$(node x2 2 | jq -r .id)
	confirm c1 "$a" | ke-store expand | evaluate 0 noisy | ke-store add
	[ "$(ke-store best -q | jq -r .id)" = "$a" ]
	confirm c2 "$a" | ke-store expand | evaluate 0 wrong | ke-store add
	[ "$(ke-store best -q | jq -r .id)" = "$b" ]
	[ "$(ke-store get "$a" | jq -r .eval.status)" = wrong ]
	ke-store fsck
}

@test "best -a: of each run that has one" {
	node x1 1
	run_line | ke-store run -c r2
	jq -cn '{v:1, run:"r2", source:"s", eval:{status:"pass", score:1.2,
	    effort:"full"}}' | ke-store add
	[ "$(ke-store best -a | jq -r .run)" = r2 ]
	[ "$(ke-store best -aq | jq -r .run | paste -sd' ')" = "r1 r2" ]
	[ "$(ke-store best -q -r r1 | jq -r .run)" = r1 ]
}

@test "contents of 64 KB and more are files, named by their hash" {
	big=$(head -c 70000 /dev/zero | tr '\0' x)
	id=$(jq -cn --rawfile s <(printf %s "$big") '{v:1, run:"r1",
	    source:$s, eval:{status:"pass", score:1, effort:"full"}}' |
	    ke-store add | jq -r .id)
	hash=$(printf %s "$big" | sha256sum | cut -d' ' -f1)
	f=$KE_STORE/objects/${hash:0:2}/${hash:2}
	[ "$(wc -c < "$f")" -eq 70000 ]
	[ "$(ke-store get -s "$id")" = "$big" ]
	ke-store fsck
	# torn: named by fsck, refused by get, an error of expand
	truncate -s 60000 "$f"
	run ke-store fsck
	[ "$status" -eq 1 ]
	[[ $output == *"object $hash: 60000 bytes instead of 70000" ]]
	# its size right, a page of it never written
	truncate -s 70000 "$f"
	run ke-store fsck
	[ "$status" -eq 1 ]
	[[ $output == *"object $hash: its contents are not what they were" ]]
	run ke-store get "$id"
	[ "$status" -eq 111 ]
	[ "$(tree y1 "$id" | ke-store expand | jq -r .error.code)" = damaged ]
	# whole again with the next add of the same text
	jq -cn --rawfile s <(printf %s "$big") '{v:1, run:"r1", source:$s,
	    choice:{BM:1}, eval:{status:"pass", score:1,
	    effort:"full"}}' | ke-store add
	ke-store fsck
}

@test "fsck names a changed object and a broken reference" {
	id=$(node x1 1 | jq -r .id)
	sqlite3 "$KE_STORE/ke.db" "UPDATE objects
	    SET body = CAST('kernel y1' AS BLOB) WHERE size = 9"
	run ke-store fsck
	[ "$status" -eq 1 ]
	[[ $output == *"its contents are not what they were" ]]
	sqlite3 "$KE_STORE/ke.db" "UPDATE objects
	    SET body = CAST('kernel x1' AS BLOB) WHERE size = 9"
	ke-store fsck
	sqlite3 "$KE_STORE/ke.db" "UPDATE nodes SET source = 99, depth = 1"
	run ke-store fsck
	[ "$status" -eq 1 ]
	[[ $output == *"reference: nodes row 1: none of objects"* ]]
	sqlite3 "$KE_STORE/ke.db" "DELETE FROM commits"
	run ke-store fsck
	[ "$status" -eq 1 ]
	[[ $output == *"node: $id: no row of its seq 1"* ]]
}

# What still runs in the background when a test ends.
teardown() {
	for pid in $(jobs -p); do
		kill "$pid" 2> /dev/null || true
	done
	if [ -d "$BATS_TEST_TMPDIR/full" ]; then
		umount "$BATS_TEST_TMPDIR/full" || true
	fi
}

@test "nodes -f tells rows and leases as they come, and ends unread" {
	node x1 1
	ke-store nodes -f > rows &
	await lines_in rows 3
	[ "$(jq -c '.mark // .xid' rows | paste -sd' ')" = \
	    '"run" "x1" "live"' ]
	draft x2 | ke-store expand > e
	await lines_in rows 4
	gen < e | evaluate 2 | ke-store add
	await lines_in rows 5
	[ "$(tail -n 2 rows | jq -c '[.xid, .seq, .pending]' |
	    paste -sd' ')" = '["x2",null,true] ["x2",2,null]' ]
	kill %1
	# its reader leaves: it ends though nothing is committed
	start=$(date +%s%N)
	ke-store nodes -f | head -n 1 > /dev/null
	[ $((($(date +%s%N) - start) / 1000000)) -lt 10000 ]
}

@test "nodes -f tells a commit within 200 ms" {
	# no wait of the poll's 200 ms for any of 20 commits
	mkfifo in
	ke-store nodes -f > rows &
	ke-store add < in > acks &
	exec 9> in
	await lines_in rows 2
	for i in {1..20}; do
		jq -cn --arg s "k$i" '{v:1, run:"r1", source:$s,
		    eval:{status:"pass", score:1}}' > "rec$i"
	done
	soon=0
	for i in {1..20}; do
		start=$(date +%s%N)
		cat "rec$i" >&9
		await lines_in rows $((i + 2))
		soon=$((soon + (($(date +%s%N) - start) / 1000000 < 150)))
	done
	[ $soon -ge 10 ]
	exec 9>&-
	await lines_in acks 20
	kill %1
}

@test "leases of a dead owner are lost at once, ownerless ones stay" {
	draft x1 | ke-store expand > /dev/null
	mkfifo in
	ke-store expand < in > out &
	pid=$!
	exec 9> in
	draft x2 >&9
	await lines_in out 1
	# alive: both are out
	[ "$(ke-store nodes | grep -c pending)" -eq 2 ]
	kill -9 "$pid"
	wait "$pid" || true
	ke-store nodes > rows
	[ "$(tail -n +2 rows | jq -c '[.xid, .seq, .status, .score, .pending]' |
	    paste -sd' ')" = \
	    '["x2",1,"lost",0,null] ["x1",null,null,null,true]' ]
	exec 9>&-
	# its result comes too late, and x1's in time
	run --separate-stderr bash -c "$(declare -f gen evaluate)
	    gen < out | evaluate 1 | ke-store add"
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.status, .late]' <<<"$output")" = '["lost",true]' ]
	[ "$(ke-store get "$(jq -r .id out)" | jq -r .error.code)" = lost ]
	ke-store fsck
}

@test "a lease of a script's is lost when the script dies" {
	draft x1 > in
	mkfifo fifo
	bash -c 'ke-store expand -p $$ in > out; read -r < fifo' &
	pid=$!
	await test -s out
	[ "$(ke-store nodes | grep -c pending)" -eq 1 ]
	kill -9 "$pid"
	wait "$pid" || true
	[ "$(ke-store nodes | tail -n 1 | jq -c '[.xid, .status]')" = \
	    '["x1","lost"]' ]
	run ke-store expand -p "$pid" in
	[ "$status" -eq 2 ]
	[[ $output == "ke-store: -p $pid: no such process" ]]
}

@test "a lease expires, and nodes -f says so" {
	ke-store nodes -f > rows &
	draft x1 | ke-store expand -x 1 > /dev/null
	await grep -q lost rows
	[ "$(tail -n 1 rows | jq -c '[.xid, .seq, .status]')" = \
	    '["x1",1,"lost"]' ]
	kill %1
}

@test "expand keeps its leases when nobody reads it" {
	mkfifo in
	ke-store expand < in | head -n 1 > out &
	exec 9> in
	draft x1 >&9
	await lines_in out 1
	# ends by itself, while it waits for input
	await bash -c 'ke-store nodes | grep -q lost'
	exec 9>&-
	wait
}

@test "known and add end when nobody reads them, while they wait" {
	node x1 1 > /dev/null
	draft x2 | ke-store expand | gen | evaluate 1 > rec
	for verb in known add; do
		mkfifo "in-$verb"
		ke-store "$verb" < "in-$verb" | head -n 1 > "out-$verb" &
		exec 9> "in-$verb"
		cat rec >&9
		await lines_in "out-$verb" 1
		wait # though its input is open still
		exec 9>&-
	done
}

@test "empty input, a torn line, a bad line in the middle" {
	for verb in expand known add; do
		run ke-store "$verb" < /dev/null
		[ "$status" -eq 0 ]
		[ -z "$output" ]
		run ke-store "$verb" nosuch
		[ "$status" -eq 1 ]
		[ "$output" = "ke-store: nosuch: No such file or directory" ]
	done
	draft x1 | ke-store expand | gen | evaluate 1 > rec1
	draft x2 | ke-store expand | gen | evaluate 1 > rec2
	{ cat rec1; echo '{"v":1,'; echo '{"run":7}'; echo '{"mark":"live"}'
	    head -c -1 rec2; } > in
	run --separate-stderr ke-store add in
	[ "$status" -eq 1 ]
	[ "$(jq -r .xid <<<"$output" | paste -sd' ')" = "x1 x2" ]
	[[ ${stderr_lines[0]} == "ke-store: in:2: column "*"not JSON" ]]
	[ "${stderr_lines[1]}" = "ke-store: in:3: run: not a string" ]
	[ "${stderr_lines[2]}" = "ke-store: in:4: a mark is not a record" ]
	{ draft x3; echo '{"v":1,'; draft x4 | head -c -1; } > in
	run --separate-stderr ke-store expand in
	[ "$status" -eq 1 ]
	[ "$(jq -r .xid <<<"$output" | paste -sd' ')" = "x3 x4" ]
	head -c 20 rec1 > torn
	run ke-store known torn
	[ "$status" -eq 1 ]
}

@test "bad usage, and help" {
	for args in "" nosuch "nodes x" "nodes -z" "run a b" "run -x why" \
	    "gc x" "reuse -n 0" "import -r a/b" "export -x" \
	    "best -a -r r1" "get" "fsck x" "init x" "-w x nodes" \
	    "expand -x 0" "run -c a/b"; do
		run ke-store $args
		[ "$status" -eq 2 ]
	done
	run ke-store -h
	[ "$status" -eq 0 ]
	[ "$output" = "usage: $(mandoc "$KE_ROOT/man/ke-store.1" | col -b |
	    sed -n '/^SYNOPSIS/,/^DESC/s/^     \(ke-store\)/       \1/p' |
	    sed '1s/^ *//')" ]
	run ke-store -V
	[[ $output == "ke-store "[0-9]* ]]
}

@test "no store, no run, a newer schema, another database" {
	run ke-store -d nosuch nodes
	[ "$status" -eq 111 ]
	[[ $output == "ke-store: nosuch/ke.db: no store here"* ]]
	ke-store -d empty init
	ke-store -d empty init
	run ke-store -d empty nodes
	[ "$status" -eq 1 ]
	[ "$output" = "ke-store: empty/ke.db: no run" ]
	sqlite3 empty/ke.db 'PRAGMA user_version = 3'
	sum=$(sha256sum empty/ke.db)
	run ke-store -d empty init
	[ "$status" -eq 111 ]
	[[ $output == *"schema version 3, and this ke-store knows"* ]]
	run ke-store -d empty add < /dev/null
	[ "$status" -eq 111 ]
	[ "$(sha256sum empty/ke.db)" = "$sum" ]
	mkdir other
	sqlite3 other/ke.db 'CREATE TABLE t(a)'
	run ke-store -d other init
	[ "$status" -eq 111 ]
	[[ $output == *"not the database of a store" ]]
	head -c 8192 /dev/urandom > other/ke.db
	run ke-store -d other nodes
	[ "$status" -eq 111 ]
	[[ $output == *"not a database"* ]]
}

@test "a full standard output is status 111, and what was told is kept" {
	draft x1 | ke-store expand | gen | evaluate 1 > rec
	for verb in "add rec" nodes run "best -q" "known rec" -h; do
		run bash -c "ke-store $verb > /dev/full"
		[ "$status" -eq 111 ]
		[[ $output == *"No space left on device" ]]
	done
	run bash -c "echo '{\"run\":\"r1\",\"xid\":\"y\"}' |
	    ke-store expand > /dev/full"
	[ "$status" -eq 111 ]
	# the commit was made, and is told as late
	run --separate-stderr ke-store add rec
	[ "$(jq -c '[.seq, .late]' <<<"$output")" = '[1,true]' ]
}

@test "a full disk is status 111: what was acknowledged stays" {
	adds 400 > recs
	# a limit on the size of files stands for it: 512 blocks of 1 KB
	run --separate-stderr bash -c \
	    'ulimit -f 512; ke-store add recs > rows'
	[ "$status" -eq 111 ]
	[[ $stderr == "ke-store: "*"(SQLite "* ]]
	n=$(wc -l < rows)
	[ "$n" -gt 0 ]
	[ "$n" -lt 400 ]
	ke-store nodes | tail -n +2 | cmp - rows
	ke-store fsck
	run --separate-stderr ke-store add recs
	[ "$status" -eq 0 ]
	[ "$(ke-store nodes | tail -n +2 | wc -l)" -eq 400 ]
	ke-store fsck
}

@test "a disk that is full in truth" {
	mkdir full
	if ! mount -t tmpfs -o size=2m none full 2> /dev/null; then
		rmdir full
		skip "can't mount"
	fi
	run_line | ke-store -d full/s run -c r1
	adds 1000 > recs
	run --separate-stderr bash -c 'ke-store -d full/s add recs > rows'
	[ "$status" -eq 111 ]
	n=$(wc -l < rows)
	[ "$n" -gt 0 ]
	ke-store -d full/s nodes | tail -n +2 | cmp - rows
	mount -o remount,size=32m full
	ke-store -d full/s fsck
	ke-store -d full/s add recs > rows2 2> /dev/null
	[ "$(grep -c late rows2)" -eq "$n" ]
	[ "$(ke-store -d full/s nodes | tail -n +2 | wc -l)" -eq 1000 ]
	ke-store -d full/s fsck
}

@test "a large object on a full disk: nothing is committed" {
	jq -cn '{v:1, run:"r1", source:("x" * 2000000)}' > rec
	run bash -c 'ulimit -f 1000; ke-store add rec'
	[ "$status" -eq 111 ]
	[[ $output == *"File too large" ]]
	[ "$(ke-store nodes | wc -l)" -eq 1 ]
	[ -z "$(find "$KE_STORE/objects" -type f)" ]
}

@test "a folder that can't be written is status 111" {
	node x1 1
	as=
	open=$(mktemp -d) # the test's own folder may be closed to others
	if [ "$(id -u)" -eq 0 ]; then
		as="setpriv --reuid=65534 --clear-groups"
	fi
	adds 1 > "$open/rec"
	mv store "$open"
	chmod -R a=rX "$open"
	run $as "$(command -v ke-store)" -d "$open/store" add "$open/rec"
	chmod -R u+w "$open"
	mv "$open/store" .
	rm -r "$open"
	[ "$status" -eq 111 ]
	[[ $output == "ke-store: $open/store/ke.db: "* ]]
	ke-store fsck
}

# lock COMMAND: holds the writer's lock until it ends
lock() {
	{ echo "BEGIN IMMEDIATE;"; echo ".shell touch locked; $1";
	    echo "COMMIT;"; } | sqlite3 "$KE_STORE/ke.db" &
	await test -e locked
}

@test "a writer that holds the lock is waited for" {
	adds 1 > rec
	lock 'sleep 1'
	run ke-store add rec
	[ "$status" -eq 0 ]
	wait
	rm locked
	adds 1 j > rec
	lock 'while ! test -e go; do sleep 0.1; done'
	run ke-store -w 1 add rec
	touch go
	[ "$status" -eq 111 ]
	[[ $output == *"locked by another process for 1 s" ]]
	# readers don't wait
	[ "$(ke-store nodes | wc -l)" -eq 2 ]
	wait
	ke-store fsck
}

@test "a long reader holds nobody up" {
	adds 1 > rec
	ke-store add rec
	{ echo "BEGIN; SELECT count(*) FROM nodes;"
	    echo ".shell touch reading; sleep 3"
	    echo "SELECT count(*) FROM nodes;"; } |
	    sqlite3 "$KE_STORE/ke.db" > seen &
	await test -e reading
	adds 200 j | ke-store -w 1 add > rows
	[ "$(wc -l < rows)" -eq 200 ]
	wait
	[ "$(paste -sd' ' seen)" = "1 1" ]
	[ "$(ke-store nodes | wc -l)" -eq 202 ]
}

@test "kill -9 of add: every acknowledged row is there once" {
	adds 3000 > recs
	mkfifo in
	for n in 1 200 500 900; do
		ke-store add < in > "rows$n" 2> /dev/null &
		pid=$!
		exec 9> in # so that it doesn't end by itself
		head -n $((n + 1000)) recs >&9 2> /dev/null &
		await lines_in "rows$n" "$n"
		kill -9 "$pid"
		wait || true
		exec 9>&-
	done
	ke-store nodes | tail -n +2 > all
	[ "$(wc -l < all)" -lt 3000 ]
	# a torn last line was not read as an acknowledgement
	for f in rows*; do
		jq -Rr 'fromjson? | select(.late | not) | .id' "$f"
	done | sort > acked
	[ -s acked ]
	[ -z "$(uniq -d acked)" ]
	jq -r .id all | sort > there
	[ -z "$(uniq -d there)" ]
	[ -z "$(comm -23 acked there)" ]
	ke-store fsck
	# the same command goes on where it was
	ke-store add recs > /dev/null 2>&1
	[ "$(ke-store nodes | tail -n +2 | jq .seq | paste -sd' ')" = \
	    "$(seq -s' ' 3000)" ]
	ke-store fsck
}

@test "16 writers at once: each row once, every seq" {
	for w in {1..16}; do adds 100 "w$w-" > "recs$w"; done
	for w in {1..16}; do ke-store add "recs$w" > "rows$w" & done
	wait
	for w in {1..16}; do [ "$(wc -l < "rows$w")" -eq 100 ]; done
	cat rows* | jq -r .seq | sort -n | cmp - <(seq 1600)
	[ "$(ke-store nodes | tail -n +2 | jq -r .id | sort -u | wc -l)" -eq \
	    1600 ]
	ke-store fsck
}

@test "two that make the same store, and the same run" {
	for i in {1..8}; do
		{ run_line | ke-store -d new run -c r1 2> /dev/null &&
		    echo 0 > "st$i" || echo 1 > "st$i"; } &
	done
	wait
	[ "$(cat st? | sort | paste -sd' ')" = "0 1 1 1 1 1 1 1" ]
	ke-store -d new fsck
}

@test "the examples of the manual" {
	a=$(node x1 1.5 | jq -r .id)
	node x2 2.5
	node x3 0 wrong
	[ "$(ke-store nodes | jq -c 'select(.status == "pass") |
	    [.score, .id, .choice]' | sort -t[ -k2 -rn | head -n 3 |
	    jq -c '.[0]' | paste -sd' ')" = "2.5 1.5" ]
	ke-store nodes | jq -r 'select(.status == "pass") | .id' |
	    sort -u | parallel -j 8 'ke-store get -s {} > {}.c'
	[ "$(cat "$a.c")" = "kernel x1" ]
	[ "$(ls ./*.c | wc -l)" -eq 2 ]
	ke-store get -m "$(ke-store best -q | jq -r .id)" | grep 'score 2.5'
	ke-store nodes | jq -r '.id // empty' | sort -u |
	    parallel 'mkdir {}; ke-store get -m {} > {}/overview.md'
	[ "$(grep -l '^# conv1d on cpu' ./*/overview.md | wc -l)" -eq 3 ]
	jq -cn '{v:1, source:"s", eval:{status:"pass", score:1}}' |
	    ke-store add -r "$(ke-store run | tail -n 1 | jq -r .name)"
	[ "$(ke-store nodes | wc -l)" -eq 5 ]
}

@test "many pipes on one store, under parallel" {
	for p in {1..4}; do
		for i in {1..25}; do draft "p$p-$i"; done > "in$p"
	done
	export -f gen evaluate
	parallel -j 4 "bash -c 'ke-store expand {} | gen | ke-store known |
	    evaluate 1 | ke-store add'" ::: in1 in2 in3 in4 > rows
	[ "$(wc -l < rows)" -eq 100 ]
	[ "$(ke-store nodes | grep -c '"pass"')" -eq 100 ]
	[ "$(ke-store nodes | grep -c pending)" -eq 0 ]
	ke-store fsck
}
