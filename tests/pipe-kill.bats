#!/usr/bin/env bats
# The pipe cut: each stage is killed in turn, then all at once; and what else of
# ke-search doesn't mind how long an evaluation takes.

load pipe

@test "a policy of one's own: the README's, in the place of ke-select" {
	sed -n '/^    #!\/bin\/bash$/,/^$/s/^    //p' "$KE_ROOT/README.md" >climb
	chmod +x climb
	[ "$(wc -l <climb)" -gt 15 ]
	PATH=$BATS_FILE_TMPDIR/quick:$PATH
	ke-search -q -o axpy -r r -p ./climb -s nodes=12 >out
	[ "$(jq .nodes out)" -ge 12 ]
	[ "$(jq .best.id out)" != null ]
	[ "$(ke-store run r | jq -r .finished)" = nodes=12 ]
	check_store
	# each node has the best of those before it for a parent
	ke-store nodes -r r | jq -se 'map(select(.phase == "tree")) |
	    length > 5 and all(.[]; .pid)'
	# and it goes on where it was
	ke-search -q -o axpy -r r -p ./climb -s nodes=15 >out
	[ "$(jq .nodes out)" -ge 15 ]
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
	wait_for 60 is_over "$search" || ps -s "$search" -o pid,stat,args
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
	wait_for 30 is_over "$search"
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
	run ke-search -o axpy extra
	[ "$status" -eq 2 ]
}

@test "what follows -- are options of ke-gen" {
	run ke-search -o axpy -b openai -s nodes=1 -- -m x -M eur=1
	[ "$status" -ne 0 ]
	[[ $output == *'ke-gen: -b: openai: eur=1: neither usd nor tokens'* ]]
}
