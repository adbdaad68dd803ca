# shellcheck shell=sh
# How a case in shell says what it saw: `right TEXT` or `wrong TEXT` is its last line.

say_verdict() {
  printf '%s: %s\n' "$1" "$(printf '%s' "$2" | tr -s '[:space:]' ' ')"
  exit 0
}

right() { say_verdict right "$*"; }
wrong() { say_verdict wrong "$*"; }
cannot_run() { say_verdict 'not run' "$*"; }

# Right where the text $1 has the extended regular expression $2 in it, whatever the case of letters.
expect() {
  if printf '%s\n' "$1" | grep -qiE "$2"; then right "$1"; else wrong "$1"; fi
}
