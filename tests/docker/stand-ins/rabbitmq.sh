#!/bin/bash
# As the official image does at its start: root gives its rights away. The server itself reads RABBITMQ_DEFAULT_….
set -e
if [[ $1 == rabbitmq* ]] && [ "$(id -u)" = 0 ]; then
  chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups "$0" "$@"
fi
exec "$@"
