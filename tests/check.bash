# shellcheck shell=bash
# Do all lines of standard input, at least one, fulfil the expression?
check() { # expression [option of jq...]
	jq -es "${@:2}" "length > 0 and all(.[]; $1)" >/dev/null
}
