#!/bin/sh
# An empty word for the report's path (usage: output) or for the program (usage: program): the message says that it is
# empty.
. "$LIBRARY/verdict.sh"

case $1 in
  output) heapster run -o '' -- true 2>said && exit 1 ;;
  program) heapster run -- '' 2>said && exit 1 ;;
esac
expect "$(cat said)" "empty|''|\"\""
