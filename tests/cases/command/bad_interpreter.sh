#!/bin/sh
# A script whose interpreter does not exist: the interpreter is missing, not the script.
. "$LIBRARY/verdict.sh"

printf '#!/no/such/interpreter\n' >script
chmod +x script
heapster run -- ./script 2>said && exit 1
expect "$(cat said)" '/no/such/interpreter'
