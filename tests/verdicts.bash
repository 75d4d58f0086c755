# shellcheck shell=bash
# What ke-eval says of candidates.

# Of one that is right, on a machine that others load.
# shellcheck disable=SC2034 # whoever sources this has it
right='pass|noisy [a-z]+|throttled [a-z]+'

# Runs the command, whose records are kept in the file verdicts: is the status
# and code of each of files[] what the patterns in wants[] say?  On a machine that
# stood still a result is noisy, throttled or too late, and in hardly an
# execution not everybody is found out: then once more, three times in all.
# shellcheck disable=SC2154 # files and wants are the caller's
judged() {
	local tries=0 i got

	until ((tries++ == 3)); do
		"$@" >verdicts
		mapfile -t got < <(jq -r '[.eval.status, .eval.code // empty] |
		    join(" ")' verdicts)
		[ "${#got[@]}" = "${#wants[@]}" ] || return 1
		for i in "${!got[@]}"; do
			[[ ${got[i]} =~ ^(${wants[i]})$ ]] || break
			unset "got[$i]"
		done
		((${#got[@]})) || return 0
		echo "${files[i]}: ${got[i]}, not ${wants[i]}"
		jq -s ".[$i].eval" verdicts
		[[ ${got[i]} =~ ^(noisy|throttled|timeout) ]] || return 1
	done
	return 1
}
