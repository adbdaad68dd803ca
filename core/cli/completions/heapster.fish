# Completion of the heapster command in fish.

# Whether `run` is there, but not yet the program.
function __heapster_wants_option
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = run; or return 1
    set -l index 3
    while test $index -le (count $words)
        switch $words[$index]
            case -e --every -f --format -o --output -w --warn-above
                set index (math $index + 2)
            case --
                return 1
            case '-*'
                set index (math $index + 1)
            case '*'
                return 1
        end
    end
end

function __heapster_wants_command
    test (count (commandline -opc)) -eq 1
end

complete -c heapster -f -n __heapster_wants_command -a run -d 'Run a program and print its report'
complete -c heapster -f -n '__heapster_wants_command; or __heapster_wants_option' -s h -l help -d 'Give this help list'
complete -c heapster -f -n '__heapster_wants_command; or __heapster_wants_option' -s V -l version -d 'Print program version'
complete -c heapster -x -n __heapster_wants_option -s e -l every -d 'Keep figures that often, in seconds'
complete -c heapster -f -n __heapster_wants_option -s x -l explain -d 'Tell which callers asked most, 10 or --explain=N,depth=D'
complete -c heapster -x -n __heapster_wants_option -s f -l format -a 'text json prometheus' -d 'Format of the report'
complete -c heapster -r -F -n __heapster_wants_option -s o -l output -d 'Write the report to a file; - is standard output'
complete -c heapster -f -n __heapster_wants_option -s v -l verbose -d 'With text: sums, totals and live_count, too'
complete -c heapster -x -n __heapster_wants_option -s w -l warn-above -a '64KiB 1MiB 16MiB' -d 'Say who requests more at once'
complete -c heapster -f -n __heapster_wants_option -a '(__fish_complete_command)'
complete -c heapster -n 'not __heapster_wants_command; and not __heapster_wants_option' -a '(__fish_complete_subcommand --fcs-skip=2)'
