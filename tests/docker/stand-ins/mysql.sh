#!/bin/bash
# Like the official image's start script. If the volume is empty, it first starts a server without network, creates the
# database and the user of the environment there, and runs the files of /docker-entrypoint-initdb.d.
set -eo pipefail
SOCKET=/var/run/mysqld/mysqld.sock
DATA=/var/lib/mysql

# For scripts that this one sources: runs the statements on standard input, as root, in the database $MYSQL_DATABASE.
docker_process_sql() {
  local database=()
  if [ -n "$MYSQL_DATABASE" ]; then database=(--database="$MYSQL_DATABASE"); fi
  MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --protocol=socket -uroot -hlocalhost --socket="$SOCKET" --comments "${database[@]}" "$@"
}

setup() {
  local file root=$MYSQL_ROOT_PASSWORD
  if [ -n "$MYSQL_RANDOM_ROOT_PASSWORD" ]; then root=$(head -c 24 /dev/urandom | base64); fi
  mysqld --initialize-insecure
  mysqld --daemonize --skip-networking --socket="$SOCKET"
  MYSQL_DATABASE='' MYSQL_ROOT_PASSWORD='' docker_process_sql <<SQL
ALTER USER 'root'@'localhost' IDENTIFIED BY '$root';
CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;
CREATE USER '$MYSQL_USER'@'%' IDENTIFIED BY '$MYSQL_PASSWORD';
GRANT ALL ON \`${MYSQL_DATABASE//_/\\_}\`.* TO '$MYSQL_USER'@'%';
SQL
  MYSQL_ROOT_PASSWORD=$root
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) docker_process_sql <"$file" ;;
    esac
  done
  MYSQL_PWD=$root mysqladmin --protocol=socket -uroot --socket="$SOCKET" shutdown
}

if [ "${1#-}" != "$1" ]; then set -- mysqld "$@"; fi
if [ "$1" = mysqld ]; then
  if [ "$(id -u)" = 0 ]; then
    chown -R mysql:mysql "$DATA" /var/run/mysqld
    exec setpriv --reuid=mysql --regid=mysql --clear-groups "$0" "$@"
  fi
  if [ ! -d "$DATA/mysql" ]; then setup; fi
fi
exec "$@"
