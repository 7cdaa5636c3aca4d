#!/bin/bash
# Like the official image's start script: makes NAME of each NAME.template, with the environment's variables whose
# names match NGINX_ENVSUBST_FILTER.
set -e
if [ "$1" = nginx ]; then
  templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
  output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
  suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
  names=""
  for name in $(compgen -e); do
    if [[ $name =~ ${NGINX_ENVSUBST_FILTER:-} ]]; then names="$names \${$name}"; fi
  done
  # If the folder cannot be written to, the official script goes on too; then nginx says that it has no configuration.
  if [ -d "$templates" ] && [ -w "$output" ]; then
    for template in "$templates"/*"$suffix"; do
      envsubst "$names" <"$template" >"$output/$(basename "$template" "$suffix")"
    done
  else
    echo "$0: $output cannot be written to" >&2
  fi
fi
exec "$@"
