# Runs the steps of bin/test and counts what passed, failed or was skipped. bin/test makes $work and sources this.
passed=0
failed=0
skipped=0
notes=""
# The reason why the next steps cannot run; empty if they can.
lacking=""
# The reason why the last step could not run, or `failed: NAME`; empty if it passed.
reason=""

note() {
  notes="$notes
  $1"
}

without() {
  lacking=$1
}

# Counts $1 tests, or 1 whole step, as skipped and notes why ($2). With CI=true they count as failed.
leave_out() {
  if [ "${CI:-}" = true ]; then
    failed=$((failed + $1))
    note "failed (with CI=true nothing is skipped): $2"
  else
    skipped=$((skipped + $1))
    note "skipped: $2"
  fi
}

# Runs the command of step $1 and copies its output to the log. Returns false if it could not run: something that it
# needs is lacking, or the command exited with 75 and printed why.
run_step() {
  local name=$1 show=$2 started=$SECONDS
  shift 2
  echo "== $name"
  reason=$lacking
  if [ -z "$reason" ]; then
    "$@" 2>&1 | tee "$work/log" | "$show"
    status=${PIPESTATUS[0]}
    echo "   ($((SECONDS - started)) s)"
    [ "$status" = 75 ] && reason=$(sed -nE 's/^skipped: .*, because (.*)$/\1/p' "$work/log" | tail -1)
  fi
  case "$reason" in
    "") return 0 ;;
    failed:*) fail "$name, which was not run, because this $reason" ;;
    *) leave_out 1 "$name, because $reason" ;;
  esac
  echo "   not run: $reason"
  return 1
}

fail() {
  failed=$((failed + 1))
  note "failed: $1"
}

but_passes() {
  grep --line-buffered -vE '^\((pass|skip)\)'
}

# A step that passes or fails as a whole.
check() {
  run_step "$1" cat "${@:2}" || return
  if [ "$status" = 0 ]; then passed=$((passed + 1)); else
    fail "$1"
    reason="failed: $1"
  fi
}

count_of() {
  local count
  count=$(sed -nE "s/^ *([0-9]+) $1\$/\1/p" "$work/log" | tail -1)
  echo "${count:-0}"
}

# Runs bun's test runner and adds its counts. A run that ends without counts has failed. If a file skips tests, it
# prints the reason in a line that begins with `skipped: `.
counted() {
  local name=$1 bad left_out why
  run_step "$name" but_passes "${@:2}" || return
  passed=$((passed + $(count_of pass)))
  bad=$(count_of fail)
  failed=$((failed + bad))
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then failed=$((failed + 1)); fi
  [ "$status" = 0 ] || note "failed: $name"
  left_out=$(count_of skip)
  if [ "$left_out" != 0 ]; then
    why=$(sed -nE 's/^skipped: //p' "$work/log" | sort -u | paste -s -d ';' -)
    leave_out "$left_out" "$left_out of $name: ${why:-$(sed -nE 's/^\(skip\) //p' "$work/log" | sort -u | paste -s -d ';' -)}"
  fi
}

tests() {
  counted "$1" bin/bun test --timeout 60000 "${@:2}"
}

# Prints what did not pass, and the counts. Returns false if something failed.
conclude() {
  local summary="$passed passed, $failed failed"
  [ "$skipped" = 0 ] || summary="$summary, $skipped skipped"
  printf '%s\n\n%s\n' "${notes:-
  everything passed}" "$summary"
  [ "$failed" = 0 ]
}
