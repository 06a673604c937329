# bash completion of mu: source <(mu completion bash)
_mu() {
    local line=${COMP_LINE:0:COMP_POINT} words current cut candidate
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    current=${words[${#words[@]}-1]}
    cut=
    [[ $current == *[=:@]* ]] && cut=${current%"${current##*[=:@]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r candidate _; do
        COMPREPLY+=("${candidate#"$cut"}")
    done < <("${words[0]/#\~/$HOME}" __complete -- "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=./] ]]; then compopt -o nospace; fi
}
complete -o default -F _mu mu muctl
