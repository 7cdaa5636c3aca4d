#!/usr/bin/env bash
# Runs Centrifugo on loopback, with its memory engine and HTTP API and without what a publish does not need. It is built
# with Go where the cache folder does not have it, which takes minutes. `centrifugo.sh build` only builds.
set -euo pipefail
version=6.9.1
cache=${STACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/parley}
program=$cache/centrifugo-$version

if [ ! -x "$program" ]; then
  command -v go >/dev/null || { echo "Centrifugo is built with Go, and there is no go." >&2; exit 1; }
  echo "Building Centrifugo $version …" >&2
  mkdir -p "$cache"
  folder=$(mktemp -d "$cache/centrifugo.XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  GOBIN=$folder nice -n 19 go install "github.com/centrifugal/centrifugo/v6@v$version" >&2
  # Moved at the end, so that an interrupted build leaves no half program.
  mv "$folder/centrifugo" "$program"
  rm -rf "$folder"
fi
[ "${1:-}" != build ] || exit 0

export CENTRIFUGO_HTTP_SERVER_ADDRESS=127.0.0.1
export CENTRIFUGO_HTTP_SERVER_PORT=17800
export CENTRIFUGO_HTTP_API_KEY=bench
# Errors have a status of their own. By default they are answered with 200 and would count as success.
export CENTRIFUGO_HTTP_API_ERROR_MODE=transport
export CENTRIFUGO_CHANNEL_NAMESPACES='[{"name":"chat"}]'
export CENTRIFUGO_HEALTH_ENABLED=true
export CENTRIFUGO_ADMIN_ENABLED=false
export CENTRIFUGO_USAGE_STATS_DISABLED=true
export CENTRIFUGO_WEBSOCKET_DISABLED=true
export CENTRIFUGO_LOG_LEVEL=error
exec "$program"
