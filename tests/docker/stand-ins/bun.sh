#!/bin/sh
# As the official image does at its start: what is no program is for Bun.
set -e
if [ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ]; then set -- bun "$@"; fi
exec "$@"
