# fish completion of mu: mu completion fish | source
function __mu_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete -- $words 2>/dev/null
end
for program in mu muctl
    complete -c $program -f -a '(__mu_complete)'
    complete -c $program -n 'not count (__mu_complete) >/dev/null' -F
end
