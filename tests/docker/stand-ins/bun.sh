#!/bin/sh
# Like the official image's start script: if the first argument is not a program, Bun gets all arguments.
set -e
if [ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ]; then set -- bun "$@"; fi
exec "$@"
