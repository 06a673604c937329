# shellcheck shell=sh disable=SC2154 # root and log are set by whoever sources this
# cmake/setup.sh - what cmake/up and cmake/check share: packages, and steps with a log. Sourced, with
# `root` (the checkout) and `log` (where the output of steps goes) set.

say() {
  printf '%s\n' "$*"
}

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Runs a command as root, once root_is_near has said that this is possible.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -- "$@"
  fi
}

# Whether as_root can work. Asks for the password, if there is one, before output goes elsewhere.
root_is_near() {
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null 2>&1 && sudo true; }
}

# quietly LABEL COMMAND...: runs it with its output in the log; prints the label and how long it took,
# and where it failed the end of the log. Returns its status.
quietly() {
  quietly_label=$1
  shift
  quietly_start=$(date +%s%3N)
  quietly_status=0
  quietly_line=$(($(wc -l <"$log") + 1))
  [ ! -t 1 ] || printf '  %s …' "$quietly_label"
  "$@" >>"$log" 2>&1 </dev/null || quietly_status=$?
  [ ! -t 1 ] || printf '\r\033[K'
  if [ "$quietly_status" -ne 0 ]; then
    tail -n "+$quietly_line" "$log" | tail -n 40
    say "  $quietly_label: FAILED, exit $quietly_status (the whole log: $log)"
  else
    quietly_ms=$(($(date +%s%3N) - quietly_start))
    if [ "$quietly_ms" -lt 10000 ]; then
      say "  $quietly_label: $((quietly_ms / 1000)).$((quietly_ms / 100 % 10)) s"
    else
      say "  $quietly_label: $((quietly_ms / 1000)) s"
    fi
  fi
  return "$quietly_status"
}

# packages_missing GROUP...: the packages of these groups in cmake/packages that are not installed.
packages_missing() {
  for group in "$@"; do
    sed -n "s/^$group  *//p" "$root/cmake/packages"
  done | sort -u | while read -r package; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      printf '%s ' "$package"
  done
}

# packages_install GROUP...: installs what is missing of these groups, and asks for nothing.
packages_install() {
  command -v dpkg-query >/dev/null 2>&1 || die "this needs Debian 12 (or one that has apt and dpkg)"
  missing=$(packages_missing "$@")
  [ -n "$missing" ] || return 0
  say "  packages to install: $missing"
  root_is_near || die "run this as root, or install sudo"
  quietly "apt-get update" as_root apt-get -q update || return 1
  # shellcheck disable=SC2086  # a list of words
  quietly "apt-get install" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y --no-install-recommends install $missing
}
