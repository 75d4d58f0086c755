# ke-batch(1): a mailbox answered by the vendors' batch services, which
# tests/server stands in for.

bats_require_minimum_version 1.5.0

load gen

SECRET=sk-very-secret-0123456789

setup() {
	server=$(readlink -f "${B:-build}")/tests/server/server
	cd "$BATS_TEST_TMPDIR"
	export KE_OPS=$PWD/ops
	export ANTHROPIC_API_KEY=$SECRET OPENAI_API_KEY=$SECRET
	unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
	export no_proxy=''
	mkdir -p ops/tiny
	op ops/tiny tiny
	{ printf 'Strategy: größer\n\n```c\n'; cat ops/tiny/base.c; echo '```'; } \
	    >answer.md
}

teardown() {
	exec 7>&-
	# in a test that failed
	[ -z "${b-}" ] || kill -9 -- -$b 2>/dev/null || true
	wait
}

# Records of the xid NAME each, in the mailbox.
ask() {
	asks "$@" >in
	ke-gen -q -T 0.01 -b mailbox:box in >/dev/null
}

# What became of the records, a line each: xid, finish, error or strategy.
become() {
	ke-gen -q -T 0.01 -b mailbox:box in >out
	jq -r '[.xid, .gen.finish, .error.code // .gen.strategy] | join(" ")' \
	    out | sort
}

# One look by ke-batch, or as many as $1.
look() {
	local n=$1 backend=$2
	shift 2
	for _ in $(seq "$n"); do
		timeout 30 ke-batch -e -q -b "$backend" -m model-1 \
		    -u "$url$([ "$backend" != openai ] || echo /v1)" "$@" box
	done
}

posts() { # TARGET: how many batches were made there
	jq -c --arg t "$1" 'select(.method == "POST" and .target == $t)' log |
	    wc -l
}

@test "both services answer, with usage and reasons" {
	for backend in anthropic openai; do
		rm -rf box
		{
			says a '{usage: {in: 100, out: 20, cached: 60},
			    model: "model-1-x"}'
			says b '{finish: "length"}'
			says c '{finish: "refusal", text: "I would rather not"}'
			says d '{status: 400, message: "too much"}'
		} >script
		serve
		ask a b c d
		[ "$(ls box/in/*.md | wc -l)" -eq 4 ]
		# sent, not over, over
		look 1 $backend
		become >now
		[ "$(grep -c timeout now)" -eq 4 ]
		look 2 $backend
		become >now
		diff now - <<-'EOT'
		a stop größer
		b length größer
		c refusal refusal
		d stop server
		EOT
		jq -se 'map({(.xid): .}) | add | (.a.gen |
		    .model == "model-1" and .server_model == "model-1-x" and
		    .usage.in == 100 and .usage.out == 20 and
		    .usage.cached == 60 and (.response | length > 0)) and
		    (.d.error.message | test("too much"))' out
		[ "$(ls box/in box/answers | grep -c -)" -eq 0 ]
		[ "$(ls box/batches/ended | wc -l)" -eq 2 ]
		# nobody is asked again
		look 1 $backend
		[ "$(posts /v1/messages/batches)$(posts /v1/batches)" = \
		    "$([ $backend = openai ] && echo 01 || echo 10)" ]
		exec 7>&-
		wait
	done
}

@test "parameters go into each request; the key goes nowhere else" {
	says a >script
	serve
	ask a
	look 1 anthropic -p max_tokens=99 -p 'thinking={"type":"disabled"}'
	jq -se 'map(select(.method == "POST"))[0] |
	    (.body.requests[0].params | .model == "model-1" and
	    .max_tokens == 99 and .thinking.type == "disabled" and
	    .system == "Write." and (.messages | length == 1)) and
	    .headers["x-api-key"] == "'$SECRET'"' log
	run -1 grep -rq "$SECRET" box
}

@test "what was not answered in time is asked again, three times" {
	for backend in anthropic openai; do
		rm -rf box
		{
			says a '{expired: true}'
			says a
			says b '{status: 500}' 3
			says c
		} >script
		serve
		ask a b c
		look 3 $backend
		become | grep -v timeout >now
		[ "$(cat now)" = 'c stop größer' ]
		look 5 $backend
		become >now
		diff now - <<-'EOT'
		a stop größer
		b stop server
		c stop größer
		EOT
		jq -se 'any(.[]; .xid == "b" and (.error.message |
		    test("three batches")))' out
		exec 7>&-
		wait
	done
}

@test "a batch that the service refuses is said, and its letters stay open" {
	ask a
	{
		jq -nc '{when: {target: "/batches"}, status: 413}'
		says a
	} >script
	serve
	run -1 look 1 anthropic
	[[ $output == "ke-batch: ke"*"status 413"* ]]
	[ "$(ls box/batches/*.jsonl 2>/dev/null | wc -l)" -eq 0 ]
	look 3 anthropic
	[ "$(become)" = 'a stop größer' ]
}

@test "a busy service is asked later" {
	for backend in anthropic openai; do
		rm -rf box
		{
			jq -nc '{when: {target: "/v1/"}, status: 529}'
			jq -nc '{when: {target: "/v1/"}, end: "drop"}'
			says a
		} >script
		serve
		ask a
		look 5 $backend
		[ "$(become)" = 'a stop größer' ]
		exec 7>&-
		wait
	done
}

@test "what was sent by one who died is found, not sent again" {
	for backend in anthropic openai; do
		rm -rf box
		# it takes the batch, and nobody hears of it
		{
			jq -nc --arg t "$([ $backend = openai ] &&
			    echo /v1/batches || echo /v1/messages/batches)" \
			    '{when: {target: $t}, wait: 20000}'
			says a
			says b
		} >script
		serve
		ask a b
		setsid ke-batch -q -b $backend -m model-1 \
		    -u "$url$([ $backend != openai ] || echo /v1)" box &
		b=$!
		await eval '[ "$(posts /v1/messages/batches)$(
		    posts /v1/batches)" != 00 ]'
		kill -9 -- -$b
		wait $b || true
		[ ! -e box/batches/*.sent ]
		look 4 $backend
		become >now
		[ "$(grep -c 'stop größer' now)" -eq 2 ]
		[ "$(posts /v1/messages/batches)$(posts /v1/batches)" = \
		    "$([ $backend = openai ] && echo 01 || echo 10)" ]
		exec 7>&-
		wait
	done
}

@test "killed at any moment, each letter is paid for once" {
	for backend in anthropic openai; do
		rm -rf box
		for x in a b c d e f; do says $x; done >script
		serve
		ask a b c d e f
		for i in $(seq 5); do
			setsid ke-batch -q -w 0.05 -n 2 -b $backend -m model-1 \
			    -u "$url$([ $backend != openai ] || echo /v1)" \
			    box 2>/dev/null &
			b=$!
			sleep 0.$((RANDOM % 4))$((RANDOM % 10))
			# it may not have its session yet
			until kill -9 -- -$b 2>/dev/null; do sleep 0.01; done
			wait $b 2>/dev/null || true
		done
		look 6 $backend -n 2
		become >now
		[ "$(grep -c 'stop größer' now)" -eq 6 ]
		exec 7>&-
		wait
	done
}

@test "usage" {
	mkdir box
	for bad in '' 'box' '-m' '-m x' '-b none -m x box' '-m x -n 0 box' \
	    '-m x -p y box' '-m x -w y box' '-m x box box' '-x -m x box'; do
		run -2 ke-batch $bad
	done
	ANTHROPIC_API_KEY= run -2 ke-batch -m x box
	[ "$output" = 'ke-batch: ANTHROPIC_API_KEY: not set' ]
	run -0 ke-batch -h
	synopsis=$(mandoc -T ascii "$KE_ROOT/man/ke-batch.1" | col -bx |
	    sed -n '/^SYNOPSIS/,/^DESC/p' | sed '1d;$d' | tr -s '\n ' ' ')
	[ "$(tr -s '\n ' ' ' <<<"$output")" = "usage:$synopsis" ]
}

@test "one at a time on a folder" {
	mkdir -p box/batches
	exec 8>box/batches/lock
	flock 8
	run -1 ke-batch -m x box
	[[ $output == 'ke-batch: box: another ke-batch is at work' ]]
	exec 8>&-
}
