# ke-gen(1): the backends that ask a service, against tests/server, which
# answers as the services do.

bats_require_minimum_version 1.5.0

load gen

setup() {
	server=$(readlink -f "${B:-build}")/tests/server/server
	cd "$BATS_TEST_TMPDIR"
	export KE_OPS=$PWD/ops XDG_CACHE_HOME=$PWD/cache
	export ANTHROPIC_API_KEY=$SECRET OPENAI_API_KEY=$SECRET
	export GEMINI_API_KEY=$SECRET
	unset KE_PRICES http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY \
	    CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
	export no_proxy=''
	mkdir -p ops/tiny
	op ops/tiny tiny
	candidate >ops/tiny/base.c
	candidate 'größer, 日本, 🙂' >candidate.c
	{ printf 'Strategy: go\n\n```c\n'; cat candidate.c; echo '```'; } \
	    >answer.md
	services='anthropic openai responses gemini'
}

teardown() {
	[ -z "${front-}" ] || kill "$front"
	exec 7>&-
	wait
}

SECRET=sk-very-secret-0123456789

candidate() {
	cat <<-EOT
	/* ke-plan {"tune": {"A": [1, 2]}, "choice": {"A": 1},
	  "launches": [{"kernel": "k", "args": ["x", "z", "N"]}] } */
	/* $1 */
	void k(const float *x, float *z, int N) { }
	EOT
}

# ke-gen with that backend, a model and further options.
gen() {
	local backend=$1 path=''
	shift

	case $backend in openai | responses) path=/v1 ;; esac
	timeout 60 ke-gen -q -b "$backend" -m model-1 -u "$url$path" "$@"
}

# The ke-gen that was started by a background job.
gen_of() {
	local p=$1

	until [ "$(cat "/proc/$p/comm")" = ke-gen ]; do
		[ -d "/proc/$1" ] || return
		p=$(pgrep -P "$p") || sleep 0.02
		p=${p:-$1}
	done
	echo "$p"
}

# Of the records in a file whose xid is that (a regular expression): are they so,
# and are there any?
check() {
	jq -es --arg xid "^($2)\$" "map(select(.xid | test(\$xid))) |
	    length > 0 and all($3)" "$1" >/dev/null || {
		echo "$1: $2: not all $3:"
		jq -c --arg xid "^($2)\$" "select(.xid | test(\$xid)) |
		    select($3 | not) | del(.prompt, .source)" "$1"
		return 1
	} >&2
}

# How many requests there were in that case, or in all.
asked() {
	jq -s --arg case "case ${1-}" 'map(select(.method == "POST" and
	    (.body | tostring | contains($case)))) | length' log
}

@test "the candidate, and all that the server says of it" {
	local b a='{reasoning: "I think.", model: "model-1-2026", usage:
	    {in: 100, out: 50, cached: 30, cache_written: 20, reasoning: 7}}'

	says one "$a" 0 >script
	serve
	for b in $services; do
		asks one | gen $b -j 1 >out
		asks one | gen $b -j 1 -s >whole
		jq -j .source out | cmp - candidate.c
		check out one '.gen | [.backend, .model, .server_model,
		    .finish, .attempts, .turns, .reasoning, .strategy] == ["'$b'",
		    "model-1", "model-1-2026", "stop", 1, 1, "I think.", "go"]'
		check out one '.gen | (.response | length > 5) and
		    (.seconds >= 0) and (.key | length == 32) and
		    (.finish_reason | ascii_downcase | test(
		    "end_turn|stop|completed")) and (has("answer") | not)'
		check out one '.gen.usage | [.in, .out, .cached, .reasoning]
		    == [100, 50, 30, 7]'
		[ $b = gemini ] || # which doesn't say
		    check out one '.gen.usage.cache_written == 20'
		[ "$(jq -c 'del(.gen.response, .gen.seconds)' out)" = \
		    "$(jq -c 'del(.gen.response, .gen.seconds)' whole)" ]
	done
}

@test "a server that counts no tokens" {
	says one '{usage: null}' 0 >script
	serve
	for s in '' -s; do
		asks one | gen openai $s >out
		check out one '.source and .gen.usage == {} and
		    (.gen | has("cost_usd") | not)'
	done
}

@test "what is asked" {
	local b

	says one '{}' 0 >script
	serve
	export OTHER=from-elsewhere
	for b in $services; do
		asks one | gen $b -H 'X-Mine: a' -H 'X-Other: $OTHER' \
		    -t 0.25 >out
		check out one '.source and .gen.params.temperature == 0.25'
	done
	asks one | gen gemini -s >out
	[ "$(jq -c '[.target, .body.stream]' log)" = \
'["/v1/messages",true]
["/v1/chat/completions",true]
["/v1/responses",true]
["/v1beta/models/model-1:streamGenerateContent?alt=sse",null]
["/v1beta/models/model-1:generateContent",null]' ]
	jq -se '.[:4] | all(.headers | ."x-mine" == "a" and
	    ."x-other" == "from-elsewhere")' log
	jq -se 'map(.body | .temperature // .generationConfig.temperature) ==
	    [0.25, 0.25, 0.25, 0.25, null]' log
	# the part of the prompt that stays the same is marked
	jq -se '.[0].body.system[0] | .text == "Write." and
	    .cache_control.type == "ephemeral"' log
	jq -se '.[1].body.messages[0].role == "system"' log
	jq -se '.[3].body.systemInstruction.parts[0].text == "Write."' log
}

@test "parameters are merged in last, null takes one out" {
	says one '{}' 0 >script
	serve
	asks one | gen anthropic -p max_tokens=77 -p top_k=3 >out
	check out one .source
	jq -e '.body.max_tokens == 77 and .body.top_k == 3' log
	asks one | gen anthropic -p max_tokens=null >out
	check out one '.error | .code == "server" and (.message |
	    test("400.*max_tokens: Field required"))'
	asks one | gen openai -p 'reasoning_effort="high"' >out
	check out one .source
	[ "$(jq -r .body.reasoning_effort log | tail -n 1)" = high ]
	check out one '.gen.params.reasoning_effort == "high"'
}

@test "what the server refuses is said in its words, and asked once" {
	local b

	says one '{}' 0 >script
	serve
	for b in $services; do
		: >log
		asks one | gen $b -p no_such=1 >out
		check out one '.error | .tool == "ke-gen" and
		    .code == "server" and (.message | test("400") and
		    test("Extra inputs|Unknown (param|name)"))'
		check out one '.gen.finish == "failed"'
		[ "$(wc -l <log)" -eq 1 ]
	done
	ANTHROPIC_API_KEY=wrong OPENAI_API_KEY=wrong GEMINI_API_KEY=wrong
	export ANTHROPIC_API_KEY OPENAI_API_KEY GEMINI_API_KEY
	for b in $services; do
		asks one | gen $b >out
		check out one '.error | .code == "server" and (.message |
		    test("40[01].*(API key|x-api-key)"))'
	done
}

@test "keys: from a variable of any name, from none, or missing" {
	says one '{}' 0 >script
	serve
	unset OPENAI_API_KEY ANTHROPIC_API_KEY
	export MINE=$SECRET
	asks one | gen openai -k MINE >out
	check out one .source
	jq -e --arg k "Bearer $SECRET" '.headers.authorization == $k' log
	asks one | gen openai -k '' >out
	check out one '.error.message | test("401.*didn.t provide an API key")'
	: >log
	asks one | gen anthropic >out 2>err || [ $? -eq 2 ]
	[ ! -s out ] || check out one '.error.code == "no_key"'
	[ "$(wc -l <log)" -eq 0 ]
}

@test "the key is in no record, no message and no list of processes" {
	local b jobs=()

	{
		says slow '{wait: 30000}' 0
		says fine '{}' 0
		says echo "{status: 400, message: \"bad key $SECRET\"}" 0
		says html "{raw: \"<p>$SECRET</p>\", type: \"text/html\"}" 0
	} >script
	serve
	for b in $services; do
		asks slow | gen $b -v >>out 2>>err &
		jobs+=($!)
	done
	await eval '[ "$(wc -l <log)" -eq 4 ]'
	for b in "${jobs[@]}"; do
		pid=$(gen_of $b)
		tr '\0' '\n' <"/proc/$pid/cmdline" >>cmdlines
		kill $pid
	done
	wait "${jobs[@]}" || true
	for b in $services; do
		asks fine echo html | gen $b -v >>out 2>>err
	done
	[ "$(jq -c 'has("source")' out | sort | uniq -c | xargs)" = \
	    '8 false 4 true' ]
	grep -qx ke-gen cmdlines
	run ! grep "$SECRET" out err cmdlines
	grep -q "$SECRET" log # it was sent
}

@test "how an answer ends is told apart" {
	local b

	{
		says length '{finish: "length", text: "Stra"}' 0
		says refusal '{finish: "refusal", text: "I will not."}' 0
		says filter '{finish: "filter", text: ""}' 0
		says prose '{text: "Sorry."}' 0
		says long '{finish: "length"}' 0
	} >script
	serve
	for b in $services; do
		for s in '' -s; do
			asks length refusal filter prose long |
			    gen $b -j 8 $s >out
			check out length '.gen.finish == "length" and
			    .error.code == "no_candidate" and
			    (.gen.answer | startswith("Stra"))'
			check out prose '.gen.finish == "stop" and
			    .error.code == "no_candidate" and
			    .gen.answer == "Sorry."'
			check out refusal '.error.code == .gen.finish and
			    .gen.finish == "'$([ $b = gemini ] &&
			    echo filter || echo refusal)'"'
			check out filter '.error.code == .gen.finish and
			    .gen.finish == "'$([ $b = anthropic ] &&
			    echo refusal || echo filter)'"'
			check out filter '.gen.finish_reason | length > 3'
			# cut off behind the candidate: it's there
			check out long '.source and .gen.finish == "length"'
		done
	done
}

# All services at once: CASE-SERVICE are the cases, options follow; the records
# are in the file that is named first.
everywhere() {
	local b pids=() name=$1 cases=$2
	shift 2

	for b in $services; do
		# shellcheck disable=SC2046 # words
		asks $(printf "%s-$b " $cases) |
		    gen $b -j 64 "$@" >"$name-$b" &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "$name"-* >"$name"
}

# As says, for every service; further cases follow the third argument.
says_all() {
	says "$1" "${2:-{\}}" "${3:-1}" | jq -c --arg case "$1" \
	    --arg services "$services" --args '($services | split(" ")[]) as $s |
	    ($case, $ARGS.positional[]) as $c |
	    .when.body = "case \($c)-\($s)."' "${@:4}"
}

# Of each case, the seconds between its requests.
pauses() {
	jq -s 'map(select(.method) | {t, c: (.body | tostring |
	    capture("case (?<c>[^.]*)[.]").c)}) | group_by(.c) |
	    map({key: .[0].c, value: (map(.t) | [.[1:], .[:-1]] |
	    transpose | map(.[0] - .[1]))}) | from_entries' log
}

@test "an answer without a candidate goes back once, with the reason" {
	{
		says_all prose '{text: "Sorry.", reasoning: "Hm."}'
		says_all prose
		says_all never '{text: "No."}' 0
	} >script
	serve
	everywhere out 'prose never'
	check out 'prose-.*' '.source and .gen.turns == 2 and
	    .gen.attempts == 2 and .gen.usage.in == 20 and
	    (.gen | has("answer") or has("retries") | not)'
	check out 'never-.*' '.error.code == "no_candidate" and
	    .gen.turns == 2 and .gen.answer == "No."'
	jq -se 'length == 16 and all(.status == 200) and (map(.body |
	    tostring | select(contains("no code block with a ke-plan"))) |
	    length == 8 and all(test("Sorry[.]|No[.]")))' log
}

@test "refused for the moment: asked again, when the server says" {
	local faults='after ms delay busy broken over away'

	{
		says_all after '{status: 429, headers: {"retry-after": "1"}}'
		says_all ms '{status: 429, headers: {"retry-after-ms": "600"}}'
		says_all delay '{status: 429, retry_delay: "0.8s"}'
		says_all busy '{status: 429}'
		says_all broken '{status: 500}'
		says_all over '{status: 529}'
		says_all away '{status: 503}'
		# shellcheck disable=SC2086 # words
		says_all again {} 1 $faults
	} >script
	serve
	everywhere out "$faults"
	check out '.*' '.source and .gen.attempts == 2 and
	    (.gen.retries | length == 1)'
	check out 'after-.*' '.gen.retries[0] | .status == 429 and
	    .seconds >= 1 and (.why | test("rate.?limit|exhausted"; "i"))'
	check out 'busy-.*' '.gen.retries[0].status == 429'
	check out 'broken-.*' '.gen.retries[0].status == 500'
	check out 'over-.*' '.gen.retries[0].status == 529'
	check out 'delay-gemini' '.gen.retries[0].seconds >= 0.8'
	pauses >pauses
	jq -e 'length == 28 and all(length == 1)' pauses
	jq -e 'with_entries(select(.key | startswith("after"))) |
	    all(.[0] >= 0.99)' pauses
	jq -e 'with_entries(select(.key | startswith("ms"))) |
	    all(.[0] >= 0.59)' pauses
	jq -e '."delay-gemini"[0] >= 0.79' pauses
}

@test "a quota that is used up isn't asked again" {
	says one '{raw: "{\"error\":{\"message\":\"You exceeded your current quota\",\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}}",
	    status: 429}' 0 >script
	serve
	asks one | gen openai >out
	check out one '.error | .code == "server" and
	    (.message | test("429.*exceeded your current quota"))'
	[ "$(wc -l <log)" -eq 1 ]
}

@test "connections that break, and answers that aren't whole" {
	local others faults='cut drop reset midway malformed short'
	local whole='cut-s drop-s reset-s truncated'

	{
		says_all cut '{end: "cut", at: [4, 3]}'
		says_all drop '{end: "drop"}'
		says_all reset '{end: "reset", at: [4, 0]}'
		says_all midway '{end: "error", at: [4, 0], error: 503}'
		says_all malformed '{insert: [{event: 4,
		    raw: "data: {\"type\":\"content_bl\n\n"}]}'
		says_all short '{end: "short", at: [4, 0]}'
		says_all cut-s '{end: "cut", at: [0, 100]}'
		says_all drop-s '{end: "drop"}'
		says_all reset-s '{end: "reset", at: [0, 100]}'
		says_all truncated '{end: "short", at: [0, 100]}'
		# shellcheck disable=SC2086 # words
		says_all again {} 1 $faults $whole
	} >script
	serve
	everywhere whole "$whole" -s &
	others=$!
	everywhere streams "$faults"
	wait $others
	check streams '.*' '.source and .gen.attempts == 2 and
	    (.gen.retries[0].why | length > 5)'
	check whole '.*' '.source and .gen.attempts == 2'
	[ "$(cat streams whole | wc -l)" -eq 40 ]
}

@test "what never gets better ends, and what had come is kept" {
	{
		says cut '{end: "cut", at: [6, 3]}' 0
		says midway '{end: "error", at: [6, 0], error: 529}' 0
		says html '{raw: "<html>Bad gateway page", type: "text/html"}' 0
	} >script
	serve
	asks cut midway html | gen anthropic -j 8 -T 30 >out
	check out cut '.error.code == "network" and .gen.finish == "failed" and
	    (.gen.partial | startswith("Strategy: go"))'
	check out midway '.error.code == "server" and (.error.message |
	    test("Overloaded")) and (.gen.partial | startswith("Strategy"))'
	check out html '.error.code == "server" and (.error.message |
	    test("text/html.*Bad gateway page"))'
	[ "$(asked cut.)" -ge 2 ]
	[ "$(asked html.)" -eq 1 ]
}

@test "deadlines: of a request, and of the call" {
	local faults='stall first slow'

	{
		says_all stall '{end: "stall", at: [6, 0]}' 0
		says_all first '{first: 30000}' 0
		says_all slow '{wait: 30000}' 0
	} >script
	serve
	everywhere out "$faults" -T 0.7
	check out '.*' '.error.code == "timeout" and
	    .gen.finish == "timeout" and .gen.seconds < 10'
	[ "$(wc -l <out)" -eq 12 ]
	# the last attempt's, which may have begun just before the end
	for try in {1..10}; do
		asks stall-anthropic | gen anthropic -T 0.7 >stalled
		check stalled '.*' \
		    '.gen.partial // "" | startswith("Strategy: go")' && break
	done
	check stalled '.*' '.gen.partial | startswith("Strategy: go")'
	# the connections are closed, not left
	await eval '[ "$(jq -s "map(select(.left)) | length" log)" -ge 12 ]'
	asks slow-openai | gen openai -D 0.3 >out
	check out '.*' '.error.code == "timeout" and .gen.seconds < 10'
}

@test "UTF-8 that is split, comments, pings, unknown events" {
	{
		says_all utf8 '{chunk: 3, piece: 1000}' 0
		says_all piece '{piece: 1}' 0
		says_all noise '{insert: [{event: 0, raw: ": hello\n\n"},
		    {event: 2, raw: ":\n\n: PROCESSING\n\n"},
		    {event: 3, raw: "\n\nretry: 10\n\nid: 7\n\n"}]}' 0
		says ping-anthropic '{insert: [{event: 2, raw:
		    "event: ping\ndata: {\"type\": \"ping\"}\n\n"}, {event: 3,
		    raw: "event: new_thing\ndata: {\"type\":\"new_thing\"}\n\n"
		    }]}' 0
	} >script
	serve
	everywhere out 'utf8 piece noise'
	asks ping-anthropic | gen anthropic >>out
	[ "$(jq -r .xid out | wc -l)" -eq 13 ]
	for xid in $(jq -r .xid out); do
		jq -j --arg xid "$xid" 'select(.xid == $xid).source' out |
		    cmp - candidate.c
	done
	check out '.*' '.gen.attempts == 1'
}

@test "answers of 10 MB" {
	{
		says fits '{size: 10000000, piece: 65536}' 0
		says long '{size: 10485761, piece: 65536}' 0
	} >script
	serve
	for s in '' -s; do
		asks fits long | gen openai $s >out
		check out fits .source
		check out long '.error.code == "too_long" and
		    (has("source") | not)'
	done
}

@test "TLS: whose authority, and a connection that is cut" {
	{
		says cut '{end: "cut", at: [4, 3]}'
		says cut
		says one '{}' 0
	} >script
	serve -t cert.pem
	url=https://localhost:$(cat port)
	asks one | gen openai -T 5 >out
	check out one '.error.code == "network" and
	    (.error.message | test("certificate"; "i"))'
	asks one cut | CURL_CA_BUNDLE=$PWD/cert.pem gen openai >out
	check out one '.source and .gen.attempts == 1'
	check out cut '.source and .gen.attempts == 2'
	asks one | SSL_CERT_FILE=$PWD/cert.pem gen anthropic >out
	check out one .source
}

@test "proxies, as the environment names them" {
	says one '{}' 0 >script
	serve -p -t cert.pem
	proxy=$url
	url=http://models.test
	asks one | http_proxy=$proxy gen openai >out
	check out one .source
	jq -e '.target == "http://models.test/v1/chat/completions"' log
	url=https://models.test
	: >log
	asks one | https_proxy=$proxy CURL_CA_BUNDLE=$PWD/cert.pem \
	    gen openai >out
	check out one .source
	[ "$(jq -r '.method + " " + .target' log)" = \
	    $'CONNECT models.test:443\nPOST /v1/chat/completions' ]
}

# Puts a server that speaks HTTP/2 in front of ours.  It can't be told to take
# any port.
serve_http2() {
	local port

	for _ in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 12000))
		nghttpx --conf=/dev/null --no-ocsp -f "127.0.0.1,$port" \
		    -b "127.0.0.1,${url##*:}" cert.pem cert.pem \
		    3>&- 7>&- >messages 2>&1 &
		front=$!
		await eval '! kill -0 $front 2>/dev/null ||
		    (exec 6<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null'
		if kill -0 $front 2>/dev/null; then break; fi
	done
	url=https://localhost:$port
}

@test "HTTP/2: streams that share a connection" {
	PATH=$PATH:/usr/sbin
	command -v nghttpx >/dev/null || skip "no nghttpx"
	says '' '{when: {}, wait: 1000, size: 20000}' 0 >script
	serve -p -t cert.pem
	serve_http2
	# shellcheck disable=SC2046 # words
	asks $(seq 1 100) |
	    jq -c '.prompt.messages[0].content = "x" * 30000' |
	    CURL_CA_BUNDLE=$PWD/cert.pem gen openai -j 50 >out
	check out '.*' '.source and .gen.attempts == 1 and .gen.seconds < 20'
	jq -se 'length == 100 and all(.headers.via == "2 nghttpx") and
	    (map(.open) | max) > 30' log
}

@test "a connection that was kept open and is closed" {
	{
		says one
		says two '{end: "drop"}'
		says two
	} >script
	serve
	asks one two | gen anthropic -j 1 >out
	check out '.*' '.source'
	[ "$(asked two.)" -eq 2 ]
	jq -se '.[0].conn == .[1].conn and .[1].conn != .[2].conn and
	    .[1].body == .[2].body' log
}

@test "nobody listens" {
	url=http://127.0.0.1:1
	asks one | gen openai -T 3 >out
	check out one '.error.code == "network" and (.error.message |
	    test("connect"; "i")) and .gen.finish == "failed"'
}

@test "64 in flight" {
	local gen xids

	{
		says '' '{when: {}, wait: 1000}' 64
		says '' '{when: {}}' 0
	} >script
	serve
	xids=$(seq -f c%g 1 128)
	mkfifo in
	gen openai -j 64 <in >out &
	gen=$!
	exec 8>in
	# shellcheck disable=SC2086 # words
	asks $xids >&8
	await eval '[ "$(wc -l <out)" -eq 128 ]'
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' \
	    "/proc/$(gen_of $gen)/status")
	exec 8>&-
	wait $gen
	echo "peak $peak kB"
	[ "$peak" -lt 50000 ]
	[ "$(jq -r 'select(.source).xid' out | sort -u | wc -l)" -eq 128 ]
	[ "$(jq -s 'map(.open) | max' log)" -eq 64 ]
}

@test "records come out as they end" {
	{
		says slow '{wait: 700}' 0
		says fast '{}' 0
	} >script
	serve
	asks slow fast | gen gemini >out
	[ "$(jq -r .xid out | xargs)" = 'fast slow' ]
}

@test "killed: what is written is whole, and only the rest is asked again" {
	local gen

	{
		says '' '{when: {}}' 20
		says '' '{when: {}, wait: 60000}' 4
		says '' '{when: {}}' 0
	} >script
	serve
	# shellcheck disable=SC2046 # words
	asks $(seq -f k%g 1 60) >in
	gen anthropic -j 4 in >out &
	gen=$!
	# four are in flight
	await eval '[ "$(wc -l <log)" -eq 24 ]'
	kill -9 "$(gen_of $gen)"
	wait $gen || true
	[ "$(jq -r 'select(.source).xid' out | sort -u | wc -l)" -eq 20 ]
	: >log
	# what came, and the questions that have no answer yet
	jq -r .xid out >there
	{
		cat out
		jq -c --rawfile there there 'select(.xid as $x | $there |
		    split("\n") | index($x) | not)' in
	} | gen anthropic -j 4 >all
	[ "$(jq -r 'select(.source).xid' all | sort -u | wc -l)" -eq 60 ]
	[ "$(wc -l <all)" -eq 60 ]
	[ "$(jq -s 'map(select(.method)) | length' log)" -eq 40 ]
}

@test "requests a minute" {
	says '' '{when: {}}' 0 >script
	serve
	asks a b c d | gen openai -j 4 -r 240 >out
	[ "$(jq -r 'select(.source).xid' out | wc -l)" -eq 4 ]
	# three quarters of a second, if the first isn't late
	jq -se 'map(.t) | sort | .[3] - .[0] >= 0.5' log
}

@test "tokens a minute" {
	says '' '{when: {}, usage: {in: 500, out: 500}}' 0 >script
	serve
	asks a b c | gen openai -j 1 -R 60000 -p max_tokens=500 >out
	[ "$(jq -r 'select(.source).xid' out | wc -l)" -eq 3 ]
	# the third waits for what the second used, at 1000 a second
	jq -se 'map(.t) | sort | .[2] - .[1] >= 0.5' log
}

@test "prices, and a budget that no request passes" {
	says '' '{when: {}, usage: {in: 100, out: 500, cached: 40}}' 0 >script
	serve
	# USD of a million tokens: in, out, cached, written
	echo 'model-* 10 20 1 12.5' >prices
	asks a | gen openai -c prices >out
	# 60 at 10, 40 at 1, 500 at 20
	check out a '.gen.cost_usd * 1e6 | round == 10640'
	asks a | KE_PRICES=prices gen openai >out
	check out a '.gen.cost_usd * 1e6 | round == 10640'
	asks a | gen openai >out
	check out a '.gen | has("cost_usd") | not'
	: >log
	asks a b c d e f | gen openai -j 6 -c prices -p max_tokens=500 \
	    -M usd=0.05 >out
	[ "$(wc -l <log)" -ge 2 ]
	jq -se 'map(.gen.cost_usd // 0) | add <= 0.05' out
	[ "$(jq -r 'select(.error).error.code' out | sort -u)" = budget ]
	[ "$(jq -r '.source // .error | length > 0' out | wc -l)" -eq 6 ]
	: >log
	asks a b c | gen openai -M tokens=100 -p max_tokens=50 >out
	[ "$(jq -r .error.code out | sort -u)" = budget ]
	[ "$(wc -l <log)" -eq 0 ]
}

# A line of the script: calls $2, an array, in case $1, and text $3.
calls() {
	jq -nc --arg case "case $1." --argjson calls "$2" --arg text "$3" \
	    '{when: {body: $case}, text: $text, calls: $calls, times: 1}'
}

@test "tools: what the model leaves in its folder is the candidate" {
	local b

	for b in $services; do
		calls $b "$(jq -nc --rawfile text candidate.c '[
		    {id: "call_1", name: "write_file", args: {content: $text}},
		    {id: "call_2", name: "read_file",
		    args: {path: "op/ref.c"}},
		    {id: "call_3", name: "nonesuch", args: {}}]')" 'Let me see.'
		says $b '{text: "Strategy: by tools"}'
	done >script
	serve
	mkdir tmp
	for b in $services; do
		asks $b | TMPDIR=$PWD/tmp gen $b -a 5 >out
		jq -j .source out | cmp - candidate.c
		check out $b '.gen | [.strategy, .finish, .turns, .attempts] ==
		    ["by tools", "stop", 2, 2]'
		check out $b '.gen.calls | map(.name // .said) ==
		    ["Let me see.", "write_file", "read_file", "nonesuch"]'
		check out $b '.gen.calls | (.[2].result | contains("REF_z")) and
		    .[3].failed and (.[1].failed | not)'
	done
	# the tools are told of, the results go back, the folders are gone
	jq -se 'map(.body | tostring | contains("replace_in_file")) | all' log
	jq -se '[.[1, 3, 5, 7].body | tostring | contains("REF_z(i)")] | all' log
	[ "$(ls tmp)" = '' ]
}

@test "tools: no more calls than allowed, and none without -a" {
	local one='{"id": "call_1", "name": "read_file",
	    "args": {"path": "op/ref.c"}}'

	{
		calls limit "[$one, $one, $one]" ''
		calls limit "[$one]" ''
		says limit
	} >script
	serve
	asks limit | gen openai -a 2 >out
	check out limit '.gen.finish == "tool_limit" and .gen.turns == 2 and
	    .error.code == "no_candidate"'
	check out limit '.gen.calls | map(select(.name)) | length == 3 and
	    (.[2].result | contains("no call is left"))'
	asks limit | gen openai >out
	jq -se '.[-1].body | has("tools") | not' log
}

@test "tools: a signal ends what runs, and removes the folder" {
	local gen

	calls long '[{"id": "call_1", "name": "write_file", "args":
	    {"content": "/* ke-plan {} */"}}, {"id": "call_2", "name": "lint",
	    "args": {}}]' '' >script
	serve
	mkdir tmp bin
	printf '#!/bin/sh\necho $$ >%s/pid\nexec sleep 60\n' "$PWD" >bin/ke-eval
	chmod +x bin/ke-eval
	asks long >in
	PATH=$PWD/bin:$PATH TMPDIR=$PWD/tmp gen openai -a 5 in >out &
	gen=$!
	await test -s pid
	[ -n "$(ls tmp)" ]
	kill -TERM "$(gen_of $gen)"
	wait $gen || true
	[ "$(ls tmp)" = '' ]
	await eval '! kill -0 "$(cat pid)" 2>kill'
	[ "$(wc -c <out)" -eq 0 ]
}

@test "a terminal sees how far it is, and in the end nothing else" {
	says '' '{wait: 1500}' 0 | jq -c '.when = {}' >script
	serve
	asks a b >in
	script -qec "ke-gen -b anthropic -m model-1 -u $url in >out" seen \
	    </dev/null >/dev/null
	grep -q '2 asked, 0 answered, 0 failed; about 0 tokens' seen
	# each line begins where the last did, and the last is empty
	[ "$(grep -c 'asked' seen)" -eq 1 ]
	grep -q $'tokens\e\\[K\r\e\\[K' seen
	script -qec "ke-gen -q -b anthropic -m model-1 -u $url in >out" seen \
	    </dev/null >/dev/null
	! grep -q asked seen
}

@test "a real server of the protocol, with a tiny model" {
	local s

	python3 -c 'from importlib.util import find_spec as f
exit(not all(map(f, ("torch", "transformers", "fastapi", "uvicorn"))))' ||
	    skip "no transformers serve"
	rm -f hold
	mkfifo hold
	exec 7<>hold
	python3 "$KE_ROOT/tests/tiny_model.py" model <hold 3>&- 7>&- \
	    >port 2>messages &
	await test -s port
	url=http://127.0.0.1:$(head -n 1 port)
	# it listens a moment later: until then ke-gen asks again
	for s in '' -s; do
		asks one | gen openai -m model -k '' $s -p max_tokens=32 \
		    >out$s
		check out$s one '.error.code == "no_candidate" and
		    .gen.finish == "length" and .gen.server_model and
		    (.gen.answer | length > 0) and .gen.usage.in > 0'
		# once more for an answer without a candidate
		check out$s one '.gen.usage.out == 32 * .gen.turns'
	done
	asks one | gen openai -m another -k '' >out
	check out one '.error.code == "server" and
	    (.error.message | test("HTTP 4.*another"))'
}
