#!/bin/bash
# As the official image does at its start: variables with dots in their names are settings.
set -e
if [ "$1" != eswrapper ]; then exec "$@"; fi
settings=()
while IFS='=' read -r -d '' name value; do
  if [[ $name =~ ^[a-z0-9_]+(\.[a-z0-9_]+)+$ ]]; then settings+=("-E$name=$value"); fi
done < <(env -0)
exec /usr/share/elasticsearch/bin/elasticsearch "${settings[@]}"
