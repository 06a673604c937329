#compdef mu muctl
# zsh completion of mu: source <(mu completion zsh), or a file _mu in $fpath
_mu() {
    local candidate about
    local -a open shut open_about shut_about
    while IFS=$'\t' read -r candidate about; do
        if [[ $candidate == *[=./] ]]; then
            open+=("$candidate"); open_about+=("$candidate  $about")
        else
            shut+=("$candidate"); shut_about+=("$candidate  $about")
        fi
    done < <("${words[1]/#\~/$HOME}" __complete -- "${(@)words[1,CURRENT]}" 2>/dev/null)
    if (( ${#open} + ${#shut} == 0 )); then _files; return; fi
    (( ${#shut} )) && compadd -l -d shut_about -- "${shut[@]}"
    (( ${#open} )) && compadd -S '' -l -d open_about -- "${open[@]}"
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _mu "$@"; else compdef _mu mu muctl; fi
