# shellcheck shell=bash
# Completion of the heapster command in bash.

# The index of the program's name among the words after `run`; the number of words if it is not there yet.
_heapster_find_program() {
  local index=$1
  while [ "$index" -lt "$COMP_CWORD" ]; do
    case ${COMP_WORDS[index]} in
      --) index=$((index + 1)); break ;;
      -e | --every | -f | --format | -o | --output | -w | --warn-above) index=$((index + 2)) ;;
      = | -*) index=$((index + 1)) ;;
      *) case ${COMP_WORDS[index - 1]} in =) index=$((index + 1)) ;; *) break ;; esac ;;
    esac
  done
  echo "$index"
}

_heapster_reply() {
  COMPREPLY=()
  local line
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$@")
}

_heapster_run() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} program
  [ "$word" != = ] || word=
  [ "$before" != = ] || before=${COMP_WORDS[COMP_CWORD - 2]}
  [ "${COMP_WORDS[COMP_CWORD]}" != = ] || before=${COMP_WORDS[COMP_CWORD - 1]}
  program=$(_heapster_find_program 2)
  if [ "$program" -lt "$COMP_CWORD" ]; then
    if declare -F _command_offset >/dev/null; then _command_offset "$program"; else _heapster_reply -f -- "$word"; fi
    return
  fi
  case $before in
    -f | --format) _heapster_reply -W 'text json prometheus' -- "$word" ;;
    -o | --output) _heapster_reply -f -- "$word" ;;
    -e | --every) COMPREPLY=() ;;
    -w | --warn-above) _heapster_reply -W '64KiB 1MiB 16MiB' -- "$word" ;;
    *)
      case $word in
        -*) _heapster_reply -W '--every --explain --format --output --verbose --warn-above --help --version -e -x -f -o -v -w -h -V' -- "$word" ;;
        *) _heapster_reply -c -- "$word" ;;
      esac
      ;;
  esac
}

_heapster() {
  if [ "$COMP_CWORD" -gt 1 ] && [ "${COMP_WORDS[1]}" = run ]; then
    _heapster_run
  elif [ "$COMP_CWORD" -eq 1 ]; then
    _heapster_reply -W 'run --help --version -h -V' -- "${COMP_WORDS[COMP_CWORD]}"
  fi
}

complete -o filenames -F _heapster heapster
