#!/bin/bash
# Like the official image's start script: an environment variable with a dot in its name becomes a setting.
set -e
if [ "$1" != eswrapper ]; then exec "$@"; fi
settings=()
while IFS='=' read -r -d '' name value; do
  if [[ $name =~ ^[a-z0-9_]+(\.[a-z0-9_]+)+$ ]]; then settings+=("-E$name=$value"); fi
done < <(env -0)
exec /usr/share/elasticsearch/bin/elasticsearch "${settings[@]}"
