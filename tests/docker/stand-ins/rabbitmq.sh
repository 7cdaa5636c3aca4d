#!/bin/bash
# Like the official image's start script: root becomes the server's user. The server itself reads RABBITMQ_DEFAULT_….
set -e
if [[ $1 == rabbitmq* ]] && [ "$(id -u)" = 0 ]; then
  chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups "$0" "$@"
fi
exec "$@"
