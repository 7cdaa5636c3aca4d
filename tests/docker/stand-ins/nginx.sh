#!/bin/bash
# Like the official image's start script: each NAME.template becomes NAME, with the variables that match the filter.
set -e
if [ "$1" = nginx ]; then
  templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
  output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
  suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
  names=""
  for name in $(compgen -e); do
    if [[ $name =~ ${NGINX_ENVSUBST_FILTER:-} ]]; then names="$names \${$name}"; fi
  done
  # The official script goes on without it; then nginx finds no configuration and says so.
  if [ -d "$templates" ] && [ -w "$output" ]; then
    for template in "$templates"/*"$suffix"; do
      envsubst "$names" <"$template" >"$output/$(basename "$template" "$suffix")"
    done
  else
    echo "$0: $output cannot be written to" >&2
  fi
fi
exec "$@"
