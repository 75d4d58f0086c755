#!/usr/bin/env bats
# The pipe itself: the life of a record, ke(7).

load pipe

one_search() {
	ke-search -q -o axpy -r r -s nodes=6 >out 2>err
	[ "$(jq .nodes out)" = 6 ]
	[ "$(jq -r .run out)" = r ]
	check_store
	[ "$(ke-store run r | jq -r .finished)" = nodes=6 ]
	[ "$(jq -r .best.id out)" = "$(ke-store best -r r | jq -r .id)" ]
	[ "$(ke-store best -r r | jq -r .eval.effort)" = full ]
}
@test "one search, start to end, and the numbers agree" {
	again one_search
}

steps_by_hand() {
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
@test "one step by hand gives rows, and the tree grows from them" {
	again steps_by_hand
}

second_run() {
	ke-search -q -o axpy -r a -s nodes=4 -S 1 >out 2>err
	ke-search -q -o axpy -r b -s nodes=4 -S 1 >out 2>err
	# whatever was confirmed since
	sqlite3 "$KE_STORE/ke.db" "SELECT body FROM evals
	    JOIN objects ON object = evals.record JOIN runs USING (run)
	    WHERE name = 'b' AND effort = 'quick'" |
	    jq -se 'map(select(.known)) | length > 0'
}
@test "a second run takes what was measured from the store" {
	again second_run
}
