#!/usr/bin/env bats
# ke-store: stores of earlier versions, and the queries of the manual.
bats_require_minimum_version 1.5.0

load store

# A store as version 1 of the schema left it: eight commits (a child with two
# parents, a wrong one, a duplicate, an error, a confirmation, a lost one, one
# whose source is a file), and a lease that is out.
old() {
	export KE_STORE=$BATS_TEST_TMPDIR/old
	local hash

	mkdir -p old/objects
	sqlite3 old/ke.db < "$KE_ROOT/tests/data/store-1.sql"
	hash=$(sqlite3 old/ke.db 'SELECT hash FROM objects WHERE body IS NULL')
	mkdir "old/objects/${hash:0:2}"
	head -c 70000 /dev/zero | tr '\0' x \
	    > "old/objects/${hash:0:2}/${hash:2}"
}

query() { sqlite3 -readonly "$KE_STORE/ke.db" "$@"; }

@test "a store of version 1 becomes one of today, and nothing is lost" {
	old
	query 'SELECT row FROM commits ORDER BY seq' > before
	ke-store nodes | jq -c 'select(.seq)' | cmp - before
	[ "$(query 'PRAGMA user_version')" = 2 ]
	ke-store fsck
	[ "$(ke-store nodes | grep -c pending)" = 1 ]
	# the schema is that of a new store
	query .schema | sort | cmp - <(sqlite3 store/ke.db .schema | sort)
	# what version 1 kept in texts alone
	[ "$(query "SELECT n.seq, detail, bottleneck FROM nodes n
	    WHERE detail IS NOT NULL ORDER BY seq")" = \
	    "3|y[3] is 1 instead of 2|memory
5|no more money|
8|the lease ended without a result|" ]
	[ "$(query 'SELECT count(*), count(t_us), max(baseline_us),
	    min(speedup_lo) FROM cases')" = '11|6|6.0|1.9' ]
	[ "$(query 'SELECT seq, effort FROM evals ORDER BY eval' |
	    paste -sd' ')" = \
	    '1|quick 2|quick 3|quick 4|quick 6|full 7|full' ]
	[ "$(query "SELECT trait FROM traits ORDER BY trait" |
	    paste -sd' ')" = \
	    'device:cpu dtype:f32 language:c op:conv1d target:cpu' ]
	# told to those who expand, and written on as any other
	id=$(query 'SELECT id FROM nodes WHERE seq = 3')
	tree y1 "$id" | ke-store expand > e
	jq -e '.context.tried[0].detail == "y[3] is 1 instead of 2"' e
	gen < e | evaluate 3 | ke-store add | jq -e '.seq == 9'
	ke-store fsck
}

@test "what has no room for a new schema stays as it is" {
	old
	query .dump > before
	run bash -c 'ulimit -f 1; ke-store nodes'
	[ "$status" -eq 111 ]
	[[ $output == "ke-store: $KE_STORE/ke.db: "* ]]
	query .dump | cmp - before
	[ "$(query 'PRAGMA user_version')" = 1 ]
	# nor while another holds the lock
	{ echo 'BEGIN IMMEDIATE;'; echo '.shell touch locked'
	    echo '.shell while ! test -e go; do sleep 0.02; done'; } |
	    sqlite3 old/ke.db &
	await test -e locked
	run ke-store -w 0 nodes
	[ "$status" -eq 111 ]
	[[ $output == *"schema version 1 can't be made 2: database is locked" ]]
	touch go
	wait
	ke-store nodes | grep -q lost
}

@test "eight that find an old store at once make one new one" {
	old
	for i in {1..8}; do ke-store nodes > "rows$i" & done
	wait
	for i in {2..8}; do cmp rows1 "rows$i"; done
	ke-store fsck
}

@test "who was here when the schema changed does not write any more" {
	mkfifo in
	ke-store add < in > rows 2> err &
	exec 9> in
	adds 1 >&9
	await lines_in rows 1
	sqlite3 "$KE_STORE/ke.db" 'PRAGMA user_version = 3'
	adds 1 j >&9
	exec 9>&-
	wait $! && false
	grep -q 'became schema version 3, and this ke-store writes 2' err
	sqlite3 "$KE_STORE/ke.db" 'PRAGMA user_version = 2'
	[ "$(ke-store nodes | wc -l)" -eq 2 ]
	ke-store fsck
}

# manual N: the N-th query of ke-store(1), on the old store
manual() {
	awk -v n="$1" '/^\.Ss Queries/ { on = 1 } /^\.Sh/ { on = 0 }
	    on && /^\.Ed/ { in_it = 0 }
	    in_it && k == n { print }
	    on && /^\.Bd/ { in_it = 1; k++ }' "$KE_ROOT/man/ke-store.1" |
	    sqlite3 -readonly -bail "$KE_STORE/ke.db"
}

@test "the queries of the manual" {
	old
	ke-store reuse > /dev/null
	[ "$(grep -c '^\.Bd' <(sed -n '/^\.Ss Queries/,/^\.Sh/p' \
	    "$KE_ROOT/man/ke-store.1"))" -eq 14 ]
	a=994883e5484b b=5be041bf9ec6 c=0ca9c5648f3a f=251cd57436e2
	[[ $(manual 1) == "r1|8|480|0.04|12.0" ]]
	[[ $(manual 2) == "$b|$a|2.25|0|objects/"*"
$a||1.5|0|objects/"*"
$f||0.5|0|objects/"* ]]
	[ "$(manual 3 | sort)" = "$(printf '%s\n' 'duplicate|1' 'error|1' \
	    'lost|1' 'wrong|1')" ]
	[ "$(manual 4)" = "$c|move BM|wrong|y[3] is 1 instead of 2" ]
	[ "$(manual 5)" = "0|$b|2.25|move BM
1|$a|1.5|move BM" ]
	[ "$(manual 6 | cut -d'|' -f1 | paste -sd' ')" = "c53fcf527bbf $c" ]
	[ "$(manual 7)" = "$c|$b $a" ]
	[ "$(manual 8)" = "move BM|4|2|2|2.25" ]
	[ "$(manual 9)" = 'small|{"N":100}|3.0|6.0|2.0' ]
	[[ $(manual 10) == '{"N":100}|3.0|'* ]]
	[ "$(manual 11)" = "$b|2.5|2.25" ]
	[ "$(manual 12 | cut -d'|' -f3 | paste -sd' ')" = \
	    '1.5 2.25 2.25 2.25 2.25 2.25 2.25' ]
	[[ $(manual 13) == "x7|678f677b4b60|"20* ]]
	[ "$(manual 14)" = "r1|$b" ]
}
