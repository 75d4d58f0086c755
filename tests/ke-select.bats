#!/usr/bin/env bats
# ke-select: rows in, expansions out.  The store of the live tests is a jq
# program that answers each expansion with a row.

load wait

header='{"v":1,"mark":"run","run":"r","op":"conv1d","target":"cpu","language":"c","dtype":"f32","seed":7}'
live='{"mark":"live"}'

setup() {
	cd "$BATS_TEST_TMPDIR"
	seq=0
}

# id status score [members]: a row of $effort (quick)
row() {
	seq=$((seq + 1))
	echo "{\"id\":\"$1\",\"xid\":\"x$1\",\"seq\":$seq,\"status\":\"$2\"," \
	    "\"score\":$3,\"effort\":\"${effort:-quick}\"${4:+,$4}}"
}

draft() {
	row "$1" "$2" "$3" '"phase":"draft"'
}

child() { # id parent status score
	row "$1" "$3" "$4" "\"phase\":\"tree\",\"pid\":\"$2\""
}

full() { # id status score
	effort=full row "$1" "$2" "$3" '"phase":"confirm"'
}

# Four drafts, the best of which is confirmed: the tree can grow.
grown() {
	echo "$header"
	draft a pass 1.0
	draft b wrong 0
	draft c pass 2.0
	draft d pass 1.5
	full c pass 2.0
}

# Answers expansions by rows.  $1, $2: jq expressions over .n, the number of
# the node, for status and score; $3: score of a confirmation, over .was (the
# node's quick score); $4: its status.
fake_store() {
	jq --unbuffered -nc "foreach inputs as \$x ({n: 0, seq: ${seq:-0}};
	    .seq += 1 | .x = \$x | if \$x.select.phase == \"confirm\"
	    then .was = .scores[\$x.pid] | .row = {id: \$x.pid,
		status: (${4:-\"pass\"}), score: (${3:-.was})}
	    else .n += 1 | .row = {id: \"n\\(.n)\", status: (${1:-\"pass\"}),
		score: (${2:-1 + .n / 100})}
		| .scores[.row.id] = .row.score end;
	    .row + {seq, xid: .x.xid, pid: .x.pid, effort: .x.select.effort,
		phase: .x.select.phase, tokens: 100, money: 0.5}
	    | if .phase == \"confirm\" then del(.pid) else . end
	    | with_entries(select(.value != null)))"
}

# options of ke-select, then -- and what fake_store takes: a live search on the
# rows in the file history (default: none).  Sets status; expansions in out.
search() {
	local options=()

	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
	[ $# -eq 0 ] || shift
	[ -e history ] || echo "$header" >history
	mkfifo circle
	status=0
	{ cat history; echo "$live"; cat circle; } |
	    { timeout 20 ke-select "${options[@]}" 2>err ||
		echo $? >status; } | tee out | fake_store "$@" >circle
	[ ! -e status ] || status=$(cat status)
	rm -f circle status
}

# Starts a ke-select that reads what is written to descriptor 7.
start() {
	mkfifo in
	ke-select "$@" <in >out 2>err &
	pid=$!
	exec 7>in
}

end() { # of its input
	exec 7>&-
	status=0
	wait "$pid" || status=$?
}

has_lines() {
	[ "$(wc -l <out)" -eq "$1" ]
}

# Nothing more than that many lines comes.
stays_at() {
	wait_for 10 has_lines "$1"
	sleep 0.2
	has_lines "$1"
}

xid() { # of the line
	sed -n "$1p" out | jq -r .xid
}

# line id status score [members]: the row of an expansion that was issued
land() {
	seq=$((seq + 1))
	sed -n "$1p" out | jq -c --arg id "$2" --arg status "$3" \
	    --argjson score "$4" --argjson seq $seq --argjson more "{${5:-}}" \
	    '{id: $id, xid, pid, seq: $seq, status: $status, score: $score,
	    effort: .select.effort, phase: .select.phase} + $more
	    | with_entries(select(.value != null))' >&7
}

phases() {
	jq -r .select.phase "${1:-out}" | paste -sd' '
}

pids() {
	jq -r '.pid // "-"' | paste -sd' '
}

# The first that the policy chooses: one that is no repair.
chosen() {
	ke-select -m parent -n 4 "$@" |
	    jq -r 'select(.select.why | test("repair") | not) | .pid' | head -1
}

@test "a header alone: the first draft, and what an expansion has" {
	echo "$header" | ke-select -S 1 >out
	[ "$(wc -l <out)" -eq 1 ]
	jq -e '(.xid | test("^[0-9a-f]{20}$")) and (.select.seed |
	    test("^[0-9]+$")) and (.select.why | type == "string")' out
	[ "$(jq -c 'del(.xid, .select.seed, .select.why)' out)" = \
'{"v":1,"run":"r","op":"conv1d","target":"cpu","language":"c","dtype":"f32","select":{"policy":"greedy","phase":"draft","draft":0,"memory":"none","effort":"quick","depth":0}}' ]
}

@test "the seed of generators is the first 52 bits of the xid" {
	echo "$header" | ke-select -n 50 >out
	while read -r x s; do
		[ $((16#${x:0:13})) -eq "$s" ]
	done < <(jq -r '[.xid, .select.seed] | @tsv' out)
}

@test "drafts are numbered on, lost ones not counted" {
	{ echo "$header"; draft a pass 1; draft b wrong 0
	    draft c lost 0; } >rows
	[ "$(ke-select -n 2 rows | jq -c '[.select.phase, .select.draft]' |
	    paste -sd' ')" = '["draft",2] ["draft",3]' ]
	[ "$(ke-select -n 3 -c 99 rows | jq -r .select.phase |
	    paste -sd' ')" = 'draft draft tree' ]
}

@test "-d says how many drafts" {
	{ echo "$header"; draft a pass 1; full a pass 1; } >rows
	[ "$(ke-select -d 3 -n 4 rows | jq -r .select.phase |
	    paste -sd' ')" = 'draft draft tree tree' ]
	[ "$(ke-select -d 0 rows | jq -r .pid)" = a ]
}

@test "others' drafts in flight count" {
	{ echo "$header"
	    echo '{"id":"p","xid":"xp","phase":"draft","pending":true}'; } >rows
	[ "$(ke-select rows | jq .select.draft)" = 1 ]
	{ cat rows; row p lost 0 '"phase":"draft"'; } >more
	[ "$(ke-select more | jq .select.draft)" = 0 ]
}

@test "a tree expansion names its parent" {
	grown >rows
	ke-select -n 4 rows | grep -v repair: | head -1 >out
	[ "$(jq -c '[.pid, .pids, .select.phase, .select.memory,
	    .select.effort, .select.depth]' out)" = \
	    '["c",null,"tree","parent","quick",1]' ]
}

@test "greedy: the best, until its children weigh more" {
	grown >rows
	# 2 / (1 + 0.05 n) falls below 1.5 at n = 7
	seen=$(ke-select -m parent -n 8 -S 5 rows |
	    jq -r 'select(.select.why | test("repair") | not) | .pid' |
	    head -7 | uniq -c | tr -s ' ')
	[ "$seen" = " 7 c" ]
	ke-select -m parent -n 40 rows | jq -r .pid | grep -qx d
}

@test "greedy: the older of equals" {
	{ echo "$header"; for i in k j i h; do draft $i pass 1; done
	    full k pass 1; } >rows
	for s in 1 2 3 4; do
		[ "$(ke-select -S $s rows | jq -r .pid)" = k ]
	done
}

@test "greedy: landed children weigh as those in flight" {
	{ grown; for i in $(seq 7); do child "e$i" c wrong 0; done; } >rows
	[ "$(chosen rows)" = d ]
}

@test "random: each that passes, no other but for repairs" {
	grown >rows
	ke-select -p random -n 300 -S 1 rows >out
	for i in a c d; do
		n=$(jq -r .pid out | grep -cx $i)
		[ "$n" -gt 60 ]
	done
	# b is repaired once
	[ "$(jq -r .pid out | grep -cx b)" -eq 1 ]
}

@test "uct: visits children where the parent has had its share" {
	{ echo "$header"; draft a pass 1.9; draft b wrong 0; draft c pass 2
	    draft d pass 1.95; full c pass 2; child e c pass 2.1
	    child f c pass 1.9; child g e pass 2.2; } >rows
	ke-select -p uct -n 60 -S 1 rows >out
	for i in a c d e f g; do
		jq -r .pid out | grep -qx $i
	done
	# what is below c promises more than what is below the others
	ke-select -p uct -n 12 -S 1 rows | jq -r .pid >out
	[ "$(grep -cxE 'c|e|f|g' out)" -gt "$(grep -cx a out)" ]
	[ "$(grep -cxE 'c|e|f|g' out)" -gt "$(grep -cx d out)" ]
}

@test "uct: a subtree is worth its best node, as long as that is" {
	# x stands above the best; then that fails its confirmation
	{ echo "$header"; draft a pass 2; draft x pass 1; draft b wrong 0
	    draft c wrong 0; full a pass 2; child y x pass 3
	    for i in $(seq 9); do child "f$i" y wrong 0; done; } >rows
	ke-select -p uct -m parent -n 8 -S 1 rows | jq -r .pid >out
	[ "$(grep -cxE 'x|y' out)" -gt "$(grep -cx a out)" ]
	{ cat rows; full y wrong 0; } >failed
	ke-select -p uct -m parent -n 8 -S 1 failed | jq -r .pid >out
	[ "$(grep -cxE 'x|y' out)" -lt "$(grep -cx a out)" ]
	# the same where that happens while the search runs
	start -p uct -j 1 -c 99 -m parent -S 1
	{ cat rows; echo "$live"; } >&7
	wait_for 10 has_lines 1
	full y wrong 0 >&7
	for i in 1 2 3 4 5 6; do
		land $i "z$i" wrong 0
		wait_for 10 has_lines $((i + 1))
	done
	end
	jq -r .pid out | tail -6 >last
	[ "$(grep -cxE 'x|y' last)" -lt "$(grep -cx a last)" ]
}

@test "uct: what is in flight is a loss, so that expansions spread" {
	{ echo "$header"; for i in a b c d; do draft $i pass 1; done
	    full a pass 1; } >rows
	[ "$(ke-select -p uct -n 4 rows | jq -r .pid | sort | paste -sd' ')" \
	    = 'a b c d' ]
}

@test "uct: below a node that failed its confirmation the tree lives on" {
	{ grown; child e c pass 3; full e pass 3; full c wrong 0; } |
	    sed 's/"id":"b"/"id":"bb"/' >rows
	ke-select -p uct -n 40 -S 1 rows >out
	jq -r .pid out | grep -qx e
	[ "$(jq -r .pid out | grep -cx c)" -eq 0 ]
}

@test "uct: a deep chain and a broad star" {
	{ echo "$header"; draft n0 pass 1
	    for i in $(seq 400); do child "n$i" "n$((i - 1))" pass 1; done
	    for i in $(seq 400); do child "s$i" n0 wrong 0; done
	    full n0 pass 1; } >rows
	ke-select -p uct -d 1 -n 100 rows >out
	[ "$(wc -l <out)" -eq 100 ]
}

@test "evolve: drafts on islands, children on their parent's, two parents" {
	[ "$(echo "$header" | ke-select -p evolve -d 8 -n 8 |
	    jq .select.island | paste -sd' ')" = '0 1 2 3 0 1 2 3' ]
	islanders 15
	ke-select -p evolve -n 200 -S 1 rows >out
	# but for those that the archive gives, of which there is one
	jq -se 'map(select(.pid != "n15")) | length > 100 and
	    all(.[]; (.pid | ltrimstr("n") | tonumber % 4) ==
	    .select.island)' out
	jq -se 'map(.select.island) | unique == [0, 1, 2, 3]' out
	jq -se 'map(select(.pids)) | length > 30 and length < 100 and
	    all(.[]; (.pids | length) == 1 and .pids[0] != .pid)' out
	# selection prefers the better
	jq -se '(map(select(.pid == "n14")) | length) >
	    (map(select(.pid == "n2")) | length)' out
}

# Drafts n1 to nN with rising scores, one island after the other.
islanders() {
	{ echo "$header"; for i in $(seq 1 "$1"); do
		row "n$i" pass "1.$((i + 10))" \
		    "\"phase\":\"draft\",\"island\":$((i % 4))"
	    done; full "n$1" pass "1.$(($1 + 10))"; } >rows
}

@test "evolve: after 16 nodes the best of each island migrates to the next" {
	islanders 15
	ke-select -p evolve -m parent -n 300 -S 1 rows >out
	jq -se 'any(.[]; .pid == "n14" and .select.island != 2) | not' out
	islanders 16
	ke-select -p evolve -m parent -n 300 -S 1 rows >out
	for i in 13/2 14/3 15/0; do
		jq -se --arg pid n${i%/*} --argjson to ${i#*/} 'any(.[];
		    .pid == $pid and .select.island == $to)' out
	done
	jq -se 'any(.[]; .pid == "n14" and .select.island == 0) | not' out
}

@test "evolve: an archive has the best of each behaviour" {
	# one that is good for nothing but does what no other does
	islanders 80
	{ cat rows; row odd pass 0.1 '"phase":"draft","island":1,"bottleneck":"shuffles"'
	    row odder pass 0.2 '"phase":"draft","island":1,"bottleneck":"shuffles"'
	    row wide pass 0.1 '"phase":"draft","island":1,"registers":255'
	    row fused pass 0.1 '"phase":"draft","island":1,"launches":1'
	    row cut pass 0.1 '"phase":"draft","island":1,"launches":2'; } >more
	ke-select -p evolve -m parent -n 200 -S 1 more | jq -r .pid >out
	for i in odder wide fused cut; do grep -qx $i out; done
	[ "$(grep -cx odd out)" -eq 0 ]
	# when it fails, the next best takes its place
	{ cat more; full odder wrong 0; } >worse
	ke-select -p evolve -m parent -n 200 -S 1 worse | jq -r .pid >out
	grep -qx odd out
	[ "$(grep -cx odder out)" -eq 0 ]
}

@test "beam: two nodes get four children each, then the next two" {
	{ echo "$header"; for i in $(seq 1 9); do
		draft "n$i" pass "1.$i"
	    done; full n9 pass 1.9; } >rows
	[ "$(ke-select -p beam -m parent -n 16 rows | jq -r .pid |
	    paste -sd' ')" = \
	    'n9 n8 n9 n8 n9 n8 n9 n8 n7 n6 n7 n6 n7 n6 n7 n6' ]
	[ "$(ke-select -p beam -m parent -n 36 rows | jq -r .pid | tail -4 |
	    sort -u)" = n1 ]
	# nothing is left: a draft
	[ "$(ke-select -p beam -m parent -n 37 rows | jq -r '.pid // "-"' |
	    tail -1)" = - ]
}

@test "beam: children that are better are next, those of failures aren't" {
	{ echo "$header"; for i in a b c d e; do draft $i pass 1; done
	    for i in $(seq 4); do child "f$i" a pass 2; done
	    full f1 pass 2; for i in $(seq 4); do child "g$i" b wrong 0; done
	} >rows
	ke-select -p beam -m parent -n 30 rows |
	    jq -r 'select(.select.why | test("beam")) | .pid' |
	    head -16 | sort | uniq -c | tr -s ' ' >out
	[ "$(paste -sd' ' out)" = ' 4 f1  4 f2  4 f3  4 f4' ]
}

@test "evolve: the population is the best 16 of an island" {
	{ echo "$header"; for i in $(seq 100 160); do
		row "n$i" pass "1.$i" '"phase":"draft","island":2'
	    done; full n160 pass 1.16; } >rows
	ke-select -p evolve -n 300 -S 1 rows >out
	jq -r 'select(.select.island == 2) | .pid' out | sort -u >members
	[ "$(sort members | head -1)" \> n144 ]
	[ "$(wc -l <members)" -gt 10 ]
}

@test "nothing passes: the best failure, then the newest, each once" {
	{ echo "$header"; draft a compile_error 0; draft b imprecise 0
	    draft c wrong 0; draft d wrong 0; draft e noisy 0
	    draft f error 0; draft g duplicate 0; draft h protocol 0; } >rows
	[ "$(ke-select -n 6 rows | pids)" = 'b d c a - -' ]
	ke-select -n 6 rows | jq -r .select.memory | paste -sd' ' |
	    grep -qx 'parent parent parent parent none none'
	# one that has a child is not tried again
	{ cat rows; child i b wrong 0; } >more
	[ "$(ke-select -n 2 more | pids)" = 'i d' ]
}

@test "a line of failures is repaired three times, then left" {
	{ grown; child e b wrong 0; } >rows
	ke-select -S 1 -n 60 rows | jq -r .pid | grep -qx e
	{ cat rows; child f e wrong 0; } >more
	ke-select -S 1 -n 60 more | jq -r .pid | grep -qx f
	{ cat more; child g f wrong 0; } >last
	[ "$(ke-select -n 60 last | jq -r .pid | grep -cx g)" -eq 0 ]
	# one that passes in between begins anew
	{ cat more; child h f pass 0.1; child i h wrong 0; } >anew
	ke-select -S 1 -n 60 anew | jq -r .pid | grep -qx i
}

@test "nothing passes and nothing can be repaired: drafts go on" {
	{ echo "$header"; for i in a b c d; do draft $i error 0; done; } >rows
	[ "$(ke-select -n 3 rows | jq -c '[.select.phase, .select.draft]' |
	    paste -sd' ')" = '["draft",4] ["draft",5] ["draft",6]' ]
}

@test "clean slates when the search stagnates, unless -m says otherwise" {
	{ grown; for i in $(seq 14); do child "e$i" c pass 1; done; } >rows
	[ "$(ke-select -n 60 rows | jq -r .select.phase | sort -u)" = tree ]
	{ cat rows; child f c pass 1; } >more
	n=$(ke-select -n 200 -S 1 more | jq -c 'select(.select.phase == "draft"
	    and .pid == null and .select.memory == "none")' | wc -l)
	[ "$n" -gt 25 ] && [ "$n" -lt 75 ]
	for m in parent siblings both none; do
		ke-select -m $m -n 60 more >out
		[ "$(jq -r .select.memory out | sort -u)" = $m ]
		[ "$(jq -r .select.phase out | sort -u)" = tree ]
	done
	# a better score ends it
	{ cat more; child g c pass 9; full g pass 9; } >better
	[ "$(ke-select -n 60 better | jq -r .select.phase | sort -u)" = tree ]
}

@test "a clean slate gets nodes of its own, then comes the next" {
	{ grown; for i in $(seq 16); do child "e$i" c pass 1; done
	    draft s pass 0.3; child t s pass 0.4; child u s wrong 0; } >rows
	slates() {
		ke-select -n 60 -S 1 "$1" |
		    jq -r 'select(.select.why | test("clean")) | .pid // "-"'
	}
	# t has been the best for one node; seven more make eight
	[ "$(slates rows | head -8 | paste -sd' ')" = 't t t t t t t -' ]
	{ cat rows; for i in $(seq 7); do child "f$i" t pass 0.2; done; } >more
	[ "$(slates more | head -1)" = - ]
	# one that does not pass is not grown
	{ cat more; draft v wrong 0; } >failed
	[ "$(slates failed | head -1)" = - ]
	{ cat failed; draft w pass 0.1; } >next
	[ "$(slates next | head -1)" = w ]
}

@test "memory: a first child sees its ancestors, others what is drawn" {
	grown >rows
	[ "$(ke-select -p random -n 60 rows | jq -r .select.memory |
	    sort -u)" = parent ]
	{ cat rows; for i in a c d; do child "e$i" $i wrong 0; done; } >more
	ke-select -n 200 -S 1 more | jq -r 'select(.select.why |
	    test("repair") | not) | .select.memory' | sort | uniq -c >out
	[ "$(awk '{ print $2 }' out | paste -sd' ')" = 'both parent siblings' ]
	[ "$(awk '$2 == "both" { print ($1 > 60) }' out)" = 1 ]
}

@test "a long history: what is old and poor is forgotten, the rest is there" {
	awk -v header="$header" 'BEGIN { print header
	    for (i = 1; i <= 70000; i++)
		printf "{\"id\":\"n%d\",\"seq\":%d,\"status\":\"pass\"," \
		    "\"score\":%.6f,\"phase\":\"%s\"%s}\n", i, i,
		    i == 7 ? 3 : 1 + i * 7919 % 99991 / 1e5, i < 5 ? "draft" : "tree",
		    i < 5 ? "" : sprintf(",\"pid\":\"n%d\"", i / 3) }' >rows
	# the better half of the first 65536, and what came since
	ke-select -p random -m none -c 1000000 -n 500 -S 1 rows |
	    jq -r .pid | awk '{ i = substr($1, 2) }
	    i != 7 && i <= 65536 && i * 7919 % 99991 < 45000 { exit 1 }
	    { n++ } END { exit n != 500 }'
	# a confirmation of one that is forgotten is no new node
	{ cat rows; echo '{"id":"n13","seq":70001,"status":"pass","score":1,"effort":"full","phase":"confirm"}'
	} >more
	for p in greedy beam uct evolve; do
		ke-select -p $p -c 1000000 -n 5 -S 1 -s nodes=70001 more >out
		[ "$(wc -l <out)" -eq 1 ]
	done
	[ "$(ke-select -m both -c 1000000 rows | jq -r .pid)" = n7 ]
}

@test "same input, options and seed: same output; else other names" {
	grown >rows
	for p in greedy beam uct evolve random; do
		ke-select -p $p -n 50 -S 9 rows >one
		ke-select -p $p -n 50 -S 9 <rows >two
		cmp one two
	done
	ke-select -n 50 -S 10 rows >three
	{ cat rows; child e c pass 1; } | ke-select -n 50 -S 9 >four
	ke-select -n 50 rows >five
	ke-select -n 50 rows >six
	[ "$(cat one three four five six | jq -r .xid | sort -u |
	    wc -l)" -eq 250 ]
}

@test "(a) the would-be best is confirmed when it has stayed" {
	{ grown; child e c pass 3; for i in $(seq 7); do
		child "f$i" c pass 1
	    done; } >rows
	[ "$(ke-select -n 3 rows | jq -r .select.phase | sort -u)" = tree ]
	{ cat rows; child g c wrong 0; } >more
	ke-select -n 2 more >out
	[ "$(phases)" = 'confirm tree' ]
	[ "$(head -1 out | jq -c '[.pid, .select.effort]')" = '["e","full"]' ]
	[ "$(ke-select -c 7 rows | jq -r .select.phase)" = confirm ]
	[ "$(ke-select -c 9 more | jq -r .select.phase)" = tree ]
	# a better one begins to wait anew
	{ cat rows; child g c pass 4; } >better
	[ "$(ke-select better | jq -r .select.phase)" = tree ]
}

@test "-c 0: at once; what isn't better than the best full score: never" {
	{ grown; child e c pass 1.9; } >rows
	[ "$(ke-select -c 0 rows | jq -r .select.phase)" = tree ]
	{ grown; child e c pass 2.1; } >rows
	[ "$(ke-select -c 0 rows | jq -r .pid)" = e ]
}

@test "(b) the would-be best is confirmed as the last draft lands" {
	{ echo "$header"; draft a pass 1; draft b pass 2; draft c pass 1; } >rows
	[ "$(ke-select -c 99 rows | jq -r .select.phase)" = draft ]
	{ cat rows; draft d wrong 0; } >more
	[ "$(ke-select -c 99 more | jq -c '[.select.phase, .pid]')" = \
	    '["confirm","b"]' ]
	# not if another has become it since
	{ cat more; child e b pass 3; } >better
	[ "$(ke-select -c 99 better | jq -r .select.phase)" = tree ]
}

@test "(c) the would-be best is confirmed when a rule holds, then it is over" {
	search -j 1 -c 99 -d 2 -s nodes=5
	[ "$status" -eq 3 ]
	[ "$(phases)" = 'draft draft confirm tree tree tree confirm' ]
	[ "$(tail -1 out | jq -r .pid)" = n5 ]
	[ "$(cat err)" = 'ke-select: r: nodes=5: the search is over, best 1.05 is n5' ]
}

@test "a confirmation that the moment spoils is tried twice, no more" {
	{ grown; child e c pass 3; full e noisy 0; } >rows
	[ "$(ke-select -c 0 rows | jq -c '[.select.phase, .pid]')" = \
	    '["confirm","e"]' ]
	{ cat rows; full e throttled 0; } >more
	ke-select -c 0 -n 5 more >out
	[ "$(jq -r .select.phase out | sort -u)" = tree ]
	# and it is still the best to grow from
	jq -r .pid out | grep -qx e
}

@test "a lost confirmation is tried twice and leaves the node as it was" {
	{ grown; child e c pass 3; row e lost 0 '"phase":"confirm"'; } >rows
	[ "$(ke-select -c 0 rows | jq -c '[.select.phase, .pid]')" = \
	    '["confirm","e"]' ]
	{ cat rows; row e lost 0 '"phase":"confirm"'; } >more
	ke-select -c 0 -n 5 more >out
	[ "$(jq -r .select.phase out | sort -u)" = tree ]
	jq -r .pid out | grep -qx e
}

@test "a confirmation that comes to nothing is not asked for again" {
	{ grown; child e c pass 3; full e error 0; } >rows
	[ "$(ke-select -c 0 -n 9 rows | jq -r .select.phase | sort -u)" = tree ]
}

@test "a node that fails its confirmation is no parent any more" {
	{ grown; child e c pass 3; full e wrong 0; } >rows
	for p in greedy beam uct evolve random; do
		ke-select -p $p -c 0 -n 30 -S 1 rows | jq -r '.pid // "-"' >seen
		[ "$(grep -cx e seen)" -eq 0 ]
		grep -qx c seen
	done
}

@test "a confirmed score replaces the quick one" {
	{ grown; child e c pass 3; full e pass 1.2; } >rows
	[ "$(chosen rows)" = c ]
	[ "$(ke-select -c 0 rows | jq -r .select.phase)" = tree ]
}

@test "a node that others confirm is left to them" {
	{ grown; child e c pass 3
	    echo '{"id":"e","xid":"y","pid":"e","phase":"confirm","pending":true}'
	} >rows
	[ "$(ke-select -c 0 -n 5 rows | jq -r .select.phase | sort -u)" = tree ]
}

@test "stop rules: each, not a moment too early" {
	# 5 rows, 4 nodes; tokens and money of nodes, not of confirmations
	grown | sed '2,$s/}$/,"tokens":100,"money":0.25,"joules":1.5}/
	    /"c"/s/}$/,"roofline":0.4}/' >rows
	holds() {
		run ke-select -s "$1" rows
		[ "$status" -eq 3 ]
		[[ $output == "ke-select: r: $1: the search is over"* ]]
		[ "${#lines[@]}" -eq 1 ]
	}
	holds_not() {
		run ke-select -s "$1" rows
		[ "$status" -eq 0 ]
		[ "${#lines[@]}" -eq 1 ]
		jq -e .xid <<<"$output"
	}
	holds nodes=4; holds_not nodes=5
	holds stall=1; holds_not stall=2
	holds score=2; holds_not score=2.01
	holds tokens=400; holds_not tokens=401
	holds money=1; holds_not money=1.01
	holds joules=6; holds_not joules=6.01
	holds roofline=0.4; holds_not roofline=0.41
	holds seconds=0; holds_not seconds=100
}

@test "roofline: of the best node, and of what a confirmation found" {
	{ grown; row e pass 3 '"phase":"tree","pid":"c","roofline":0.8'
	    row f pass 1 '"phase":"tree","pid":"c","roofline":0.95'; } >rows
	run ke-select -s roofline=0.9 rows
	[ "$status" -eq 0 ]
	run ke-select -s roofline=0.8 rows
	[ "$status" -eq 3 ]
	{ cat rows; effort=full row e pass 3 '"phase":"confirm","roofline":0.7'
	} >more
	run ke-select -s roofline=0.8 more
	[ "$status" -eq 0 ]
}

@test "stop rules: several, by commas or options; -q says nothing" {
	grown >rows
	run ke-select -s nodes=99,score=1.5 rows
	[ "$status" -eq 3 ]
	run ke-select -s nodes=99 -s score=1.5 rows
	[ "$status" -eq 3 ]
	run ke-select -q -s score=1.5 rows
	[ "$status" -eq 3 ]
	[ -z "$output" ]
}

@test "nodes: lost ones and confirmations don't count, duplicates do" {
	{ grown; row x lost 0; row y duplicate 0; } >rows
	run ke-select -s nodes=5 rows
	[ "$status" -eq 3 ]
	run ke-select -s nodes=6 rows
	[ "$status" -eq 0 ]
}

@test "nodes: -n asks for no more than are left" {
	grown >rows
	[ "$(ke-select -s nodes=6 -n 9 rows | wc -l)" -eq 2 ]
	{ cat rows; echo '{"id":"p","xid":"xp","pid":"c","pending":true}'; } >more
	[ "$(ke-select -s nodes=6 -n 9 more | wc -l)" -eq 1 ]
}

@test "live: nothing before the mark, then -j in flight" {
	start -j 3
	echo "$header" >&7
	draft a pass 1 >&7
	stays_at 0
	echo "$live" >&7
	stays_at 3
	end
	[ "$status" -eq 0 ]
}

@test "live: one more for each that comes back, the first time" {
	start -j 2 -d 99
	{ echo "$header"; echo "$live"; } >&7
	stays_at 2
	land 1 a pass 1
	stays_at 3
	# again, another's, another's lease, our own lease: nothing
	land 1 a pass 1
	row f pass 1.1 >&7
	echo '{"id":"g","xid":"xg","phase":"tree","pending":true}' >&7
	echo "{\"id\":\"h\",\"xid\":\"$(xid 2)\",\"pending\":true}" >&7
	stays_at 3
	land 2 h pass 1
	stays_at 4
	end
	[ "$status" -eq 0 ]
}

@test "live: a lost one frees its place, and its draft is made again" {
	start -j 3 -s nodes=4
	{ echo "$header"; echo "$live"; } >&7
	stays_at 3
	land 2 b lost 0
	stays_at 4
	[ "$(jq .select.draft out | paste -sd' ')" = '0 1 2 1' ]
	[ "$(jq -r .xid out | sort -u | wc -l)" -eq 4 ]
	end
}

@test "live: a lease of our own is not counted twice" {
	start -j 1 -s nodes=2
	{ echo "$header"; echo "$live"; } >&7
	wait_for 10 has_lines 1
	echo "{\"id\":\"h\",\"xid\":\"$(xid 1)\",\"phase\":\"draft\",\"pending\":true}" >&7
	land 1 h pass 1
	wait_for 10 has_lines 2
	[ "$(tail -1 out | jq .select.draft)" = 1 ]
	end
}

@test "live: nodes=N is never exceeded, and reached though some are lost" {
	for p in greedy beam uct evolve random; do
		search -p $p -j 5 -s nodes=23 -- \
		    'if .seq % 6 == 0 then "lost" else "pass" end'
		[ "$status" -eq 3 ]
		# 23 landed; what was issued beyond is lost or a confirmation
		[ "$(jq -c 'select(.select.phase != "confirm")' out |
		    wc -l)" -ge 23 ]
		grep -q 'nodes=23: the search is over, best' err
	done
	search -j 8 -s nodes=5
	[ "$(jq -c 'select(.select.phase != "confirm")' out | wc -l)" -eq 5 ]
}

@test "live: the rest of nodes=N lands before it is over" {
	start -j 4 -s nodes=2
	{ echo "$header"; echo "$live"; } >&7
	stays_at 2
	land 1 a wrong 0
	stays_at 2
	kill -0 "$pid"
	land 2 b wrong 0
	end
	[ "$status" -eq 3 ]
	grep -q 'no node is confirmed' err
}

@test "live: other writers' nodes and leases count towards nodes=N" {
	start -j 4 -s nodes=4 -c 99
	{ echo "$header"; row x wrong 0
	    echo '{"id":"p","xid":"xp","pending":true}'; echo "$live"; } >&7
	stays_at 2
	row p lost 0 >&7
	# a row that frees nothing of ours issues nothing, unless it lifts a limit
	stays_at 3
	land 1 a wrong 0
	stays_at 3
	end
	[ "$status" -eq 0 ]
}

@test "live: a rule that held before ends it at once" {
	grown >history
	search -j 4 -s nodes=4
	[ "$status" -eq 3 ]
	[ ! -s out ]
	rm out
	{ echo "$header"; for i in a b c d; do draft $i pass 1; done; } >history
	seq=4 search -j 4 -s nodes=4
	# not before the best is confirmed
	[ "$(phases)" = confirm ]
	[ "$status" -eq 3 ]
}

@test "live: seconds end it by themselves, once all has landed" {
	start -j 1 -s seconds=0.5
	{ echo "$header"; echo "$live"; } >&7
	wait_for 10 has_lines 1
	sleep 0.6
	kill -0 "$pid"
	land 1 a wrong 0
	end
	[ "$status" -eq 3 ]
	has_lines 1
	grep -q 'seconds=0.5' err
}

@test "live: seconds fire while nothing comes in" {
	{ echo "$header"; for i in a b c d; do draft $i pass 1; done
	    full a pass 1; } >history
	# the last draft is in flight for ever: only a confirmation comes
	start -j 2 -c 99 -s seconds=3
	{ cat history; child e a pass 2; echo "$live"; } >&7
	wait_for 10 has_lines 2
	[ "$(phases)" = 'tree tree' ]
	land 1 f lost 0
	wait_for 10 has_lines 3
	[ "$(phases)" = 'tree tree tree' ]
	land 2 g wrong 0
	wait_for 10 has_lines 4
	sleep 3.1
	has_lines 4
	land 3 h wrong 0
	# the clock has run out: e is confirmed, then nothing is new
	wait_for 10 has_lines 5
	[ "$(tail -1 out | jq -c '[.select.phase, .pid]')" = '["confirm","e"]' ]
	land 4 i wrong 0
	land 5 e pass 2
	end
	[ "$status" -eq 3 ]
	has_lines 5
}

@test "live: the clock issues the confirmation where there is a place" {
	start -j 2 -d 1 -c 99 -s nodes=3,seconds=3
	{ echo "$header"; draft a pass 1; full a pass 1
	    child e a pass 2; echo "$live"; } >&7
	wait_for 10 has_lines 1
	sleep 0.2
	has_lines 1
	wait_for 10 has_lines 2
	[ "$(tail -1 out | jq -r .pid)" = e ]
	land 1 f wrong 0
	land 2 e pass 2
	end
	[ "$status" -eq 3 ]
}

@test "live: stall, tokens, money and score end it" {
	search -j 2 -s stall=6 -- '"pass"' '1 / .n'
	[ "$status" -eq 3 ]
	n=$(jq -c 'select(.select.phase != "confirm")' out | wc -l)
	[ "$n" -ge 7 ] && [ "$n" -le 8 ]
	search -j 2 -s tokens=1000
	[ "$status" -eq 3 ]
	n=$(jq -c 'select(.select.phase != "confirm")' out | wc -l)
	[ "$n" -ge 10 ] && [ "$n" -le 11 ]
	search -j 2 -s money=5
	[ "$status" -eq 3 ]
	n=$(jq -c 'select(.select.phase != "confirm")' out | wc -l)
	[ "$n" -ge 10 ] && [ "$n" -le 11 ]
	search -j 2 -s score=1.1
	[ "$status" -eq 3 ]
	[ "$(tail -1 out | jq -r .select.phase)" = confirm ]
	grep -q 'score=1.1: the search is over, best 1.1' err
}

@test "live: a score that is not confirmed does not end it" {
	search -j 1 -d 1 -c 99 -s score=1.04,nodes=9 -- '"pass"' \
	    '1 + .n / 100' '.was - 0.03'
	[ "$status" -eq 3 ]
	grep -q 'r: score=1.04: the search is over, best 1.04 is n7' err
}

@test "live: at most 3 confirmations once a rule holds" {
	search -j 1 -d 4 -c 99 -s nodes=12 -- '"pass"' '1 + .n / 100' 0 '"wrong"'
	[ "$status" -eq 3 ]
	[ "$(phases | sed 's/.*tree//')" = ' confirm confirm confirm' ]
	grep -q 'no node is confirmed' err
}

@test "live: a node is confirmed once in a run" {
	search -j 4 -s nodes=60 -- '"pass"' '1 + (.n * 7919 % 101) / 100' \
	    '.was * (1 - .n % 5 / 20)'
	[ "$status" -eq 3 ]
	[ -z "$(jq -r 'select(.select.phase == "confirm") | .pid' out |
	    sort | uniq -d)" ]
	[ "$(phases | grep -o confirm | wc -l)" -gt 1 ]
}

@test "live: a confirmation that comes back under another name ends" {
	start -j 1 -d 1 -c 0 -s nodes=1
	{ echo "$header"; draft a pass 1; echo "$live"; } >&7
	wait_for 10 has_lines 1
	[ "$(phases)" = confirm ]
	land 1 z error 0
	end
	[ "$status" -eq 3 ]
	has_lines 1
}

@test "live: the same rows give the same expansions" {
	search -j 3 -S 5 -s nodes=30 -p uct
	mv out one
	search -j 3 -S 5 -s nodes=30 -p uct
	cmp one out
}

@test "live: the input ends" {
	run ke-select -j 2 <<<"$header"
	[ "$status" -eq 0 ]
	[[ $output == *'before its live mark'* ]]
	printf '%s\n' "$header" "$live" | ke-select -j 2 >out
	has_lines 2
}

@test "live: nobody reads the output: quiet and at once, while waiting" {
	mkfifo in
	{ ke-select -j 1 <in 2>err; echo $? >status; } | head -1 >out &
	exec 7>in
	{ echo "$header"; echo "$live"; } >&7
	wait_for 10 test -s status
	exec 7>&-
	[ "$(cat status)" = 0 ]
	[ ! -s err ]
}

@test "nobody reads the output: quiet, with more to write than a pipe holds" {
	{ echo "$header" | ke-select -n 100000 2>err; echo $? >status; } | head -1
	[ "$(cat status)" = 0 ]
	[ ! -s err ]
}

@test "no header: said, status 1, nothing written" {
	run ke-select </dev/null
	[ "$status" -eq 1 ]
	[ "$output" = 'ke-select: no header line in the input' ]
	run ke-select < <(row a pass 1)
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = 'ke-select: stdin:1: no header before it' ]
	run ke-select -j 2 <<<"$live"
	[ "$status" -eq 1 ]
}

@test "the header of another run is refused, the same again is not" {
	{ grown; sed 's/"run":"r"/"run":"s"/' <<<"$header"; } >rows
	run ke-select rows
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = 'ke-select: rows:7: header of run s: this is run r' ]
	[ "${#lines[@]}" -eq 2 ]
	{ grown; echo "$header"; } | ke-select
}

@test "bad lines are named, the rest is read" {
	{ grown; echo '{"id":'; echo 7; echo '{"id":"q","seq":8}'
	    echo '{"status":"pass","seq":8}'; echo '{"id":"q","status":"pass"}'
	    echo '{"id":7,"status":"pass","seq":8}'
	    echo '{"id":"q","status":"pass","seq":1.5}'
	    child e c pass 9; full e pass 9; } >rows
	ke-select -m parent -n 4 rows >out 2>err || status=$?
	[ "$status" -eq 1 ]
	jq -r .pid out | grep -qx e
	[ "$(sed 's/: .*//' err | sort -u)" = ke-select ]
	[ "$(cut -d: -f2-3 err | paste -sd' ')" = \
	    ' rows:7  rows:8  rows:9  rows:10  rows:11  rows:12  rows:13' ]
}

@test "a torn last line is refused; one without its newline is read" {
	{ grown; child e c pass 9; full e pass 9; } >rows
	head -c -20 rows >torn
	run ke-select torn
	[ "$status" -eq 1 ]
	[[ ${lines[0]} == 'ke-select: torn:8: '* ]]
	[ "$(head -c -1 rows | chosen)" = e ]
}

@test "unknown members and marks do no harm" {
	grown | sed /wrong/d >rows
	{ sed 's/}$/,"new":{"a":[1]}}/' rows; echo '{"mark":"other"}'; } >more
	strip='del(.xid, .select.seed)'
	[ "$(ke-select -d 3 -n 2 -p uct rows | jq -c "$strip")" = \
	    "$(ke-select -d 3 -n 2 -p uct more | jq -c "$strip")" ]
}

@test "odd values: no scores, huge ones, islands and parents that aren't" {
	{ echo "$header"
	    echo '{"id":"a","seq":1,"status":"pass","phase":"draft"}'
	    echo '{"id":"b","seq":2,"status":"pass","score":1e300,"phase":"draft"}'
	    echo '{"id":"c","seq":3,"status":"pass","score":-5,"phase":"draft"}'
	    echo '{"id":"d","seq":4,"status":"pass","score":"x","island":2e9,"depth":-3,"pid":"gone","phase":7}'
	    echo '{"id":"d","seq":5,"status":"pass","score":1,"effort":"full","phase":"confirm"}'
	    printf '{"id":"%s","seq":6,"status":"pass","score":1}\n' \
		"$(printf 'long%.0s' $(seq 9999))"; } >rows
	for p in greedy beam uct evolve random; do
		[ "$(ke-select -d 0 -n 20 -p $p rows | wc -l)" -eq 20 ]
	done
}

@test "files are read one after the other; a missing one is named" {
	grown >rows
	head -3 rows >one
	tail -n +4 rows >two
	strip='del(.xid, .select.seed)'
	[ "$(ke-select -S 1 one two)" = "$(ke-select -S 1 rows)" ]
	[ "$(ke-select -S 1 one - <two)" = "$(ke-select -S 1 rows)" ]
	run ke-select one missing two
	[ "$status" -eq 1 ]
	[[ ${lines[0]} == 'ke-select: missing: No such file'* ]]
	[ "${#lines[@]}" -eq 2 ]
}

@test "full disk: status 111" {
	echo "$header" >rows
	run bash -c 'ke-select rows >/dev/full'
	[ "$status" -eq 111 ]
	[[ $output == *'No space left'* ]]
	run bash -c "printf '%s\n' '$header' '$live' | ke-select -j 2 >/dev/full"
	[ "$status" -eq 111 ]
}

@test "-v says each choice" {
	echo "$header" | ke-select -v >out 2>err
	[ "$(cat err)" = "ke-select: $(xid 1): draft: independent sample" ]
}

@test "usage: the synopsis; -h, -V; what is refused" {
	mandoc -T ascii "$KE_ROOT/man/ke-select.1" | col -bx |
	    sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | sed '1d;$d' |
	    tr -s ' \n' ' ' | sed 's/^ //; s/ $//' >synopsis
	[ "$(ke-select -h)" = "usage: $(cat synopsis)" ]
	[[ $(ke-select -V) =~ ^ke-select\ [0-9.]+$ ]]
	while read -r options; do
		run ke-select $options </dev/null
		[ "$status" -eq 2 ]
		[ -n "$output" ]
	done <<-'E'
	-x
	-n
	-n 0
	-n x
	-n 2 -j 2
	-j 0
	-j 4097
	-c -1
	-d x
	-m all
	-p best
	-S x
	-s nodes
	-s nodes=0
	-s nodes=x
	-s nodes=1.5
	-s seconds=-1
	-s seconds=nan
	-s nodes=1,
	-s node=1
	-s epochs=3
	E
}

@test "a landscape is searched in the same way twice, and to the end" {
	land=$KE_ROOT/bench/policies/landscapes/gelu.jsonl
	for p in greedy evolve; do
		"$KE_ROOT/bench/policies/replay" -r 2 "$land" -- -p $p >one
		"$KE_ROOT/bench/policies/replay" -r 2 "$land" -- -p $p >two
		cmp one two
		[ "$(cut -d ' ' -f 1 one | sort -u | wc -l)" -eq 2 ]
	done
	# 96 choices: all of them are found, the best among them
	"$KE_ROOT/bench/policies/replay" -r 1 -n 96 "$land" -- -p uct |
	    tail -1 | grep -q '^1 [0-9]* 1.0000$'
}

# A store that is really one, with stages that are jq.
real_store() {
	export KE_STORE=$BATS_TEST_TMPDIR/store
	echo '{"v":1,"op":"conv1d","target":"cpu","language":"c","dtype":"f32","seed":1,"baseline":{"id":"b","name":"base.c"},"env":{"key":"k"}}' |
	    ke-store run -c r
	cat >measure <<-'E'
	#!/bin/sh
	exec jq --unbuffered -c 'if .source then . else
	    .source = "/* \(.id) */" end |
	    .eval = {status: "pass", effort: .select.effort,
	    score: (1 + (.select.seed | tonumber % 100) / 100),
	    env: {key: "k"}}'
	E
	chmod +x measure
}

@test "the live pipe on a store: as many nodes as asked for, best confirmed" {
	real_store
	for p in greedy beam uct evolve random; do
		more=$((${more:-0} + 20))
		ke-store nodes -f | { ke-select -j 8 -p $p -s nodes=$more 2>err ||
		    echo $? >status; } | ke-store expand | ./measure |
		    ke-store add >added
		[ "$(cat status)" = 3 ]
		[ "$(ke-store run r | jq .nodes)" -eq $more ]
		ke-store best | jq -e '.eval.effort == "full"'
	done
	ke-store fsck
}

@test "the manual's examples" {
	real_store
	ke-store nodes | ke-select -n 9 | ke-store expand | ./measure |
	    ke-store add >added
	[ "$(ke-store nodes | ke-select -n 4 |
	    jq -c '[.pid, .select.why]' | wc -l)" -eq 4 ]
	# the third, as it stands
	mandoc -T ascii "$KE_ROOT/man/ke-select.1" | col -bx |
	    sed -n '/ke-store nodes > rows/,/^$/p' >example
	[ "$(wc -l <example)" -ge 4 ]
	bash -e example >out
	[ "$(wc -l <out)" -ge 4 ]
}
