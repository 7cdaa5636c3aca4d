#!/usr/bin/env bash
# MySQL's users in Docker, by stack/conf/mysql-users.sql and the passwords of the environment. The image's own start
# script reads this once (it is sourced, so it must not be executable), when it has made the volume. For a volume that an
# older version made, docs/operations.md says how to run it.
parley_users() {
  local sql name value
  sql=$(<"${MYSQL_USERS_FILE:-/etc/parley/mysql-users.sql}")
  for name in MYSQL_PASSWORD MYSQL_MIGRATION_PASSWORD; do
    value=${!name}
    value=${value//\\/\\\\}
    value=${value//\'/\'\'}
    sql=${sql//"{$name}"/"$value"}
  done
  printf '%s\n' "$sql"
}

if declare -F docker_process_sql >/dev/null; then
  parley_users | docker_process_sql
else
  # By hand: a server that nobody reaches does this and ends.
  set -euo pipefail
  umask 077
  { parley_users; echo 'SHUTDOWN;'; } >"${TMPDIR:=/tmp}/users.sql"
  exec mysqld "$@" --skip-networking --socket="$TMPDIR/users.sock" --init-file="$TMPDIR/users.sql"
fi
