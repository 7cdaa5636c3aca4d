#!/usr/bin/env bash
# Creates MySQL's users in Docker, from stack/conf/mysql-users.sql and the passwords in the environment. The image's
# start script sources this file once, after it has made the volume; so the file must not be executable. For a volume of
# an older version, docs/operations.md says how to run it.
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
  # Run by hand: a server without network access creates the users and ends.
  set -euo pipefail
  umask 077
  { parley_users; echo 'SHUTDOWN;'; } >"${TMPDIR:=/tmp}/users.sql"
  exec mysqld "$@" --skip-networking --socket="$TMPDIR/users.sock" --init-file="$TMPDIR/users.sql"
fi
