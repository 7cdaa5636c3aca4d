# One image for all apps; docker-compose.yml says which app a container runs.
ARG BUN_IMAGE=oven/bun:1.4.5-slim

# Only the files that decide the dependencies, so that a change of the sources does not install them again.
FROM ${BUN_IMAGE} AS manifests
WORKDIR /manifests
COPY . .
RUN find . -type f ! -name package.json ! -name bun.lock ! -name bunfig.toml -delete && find . -type d -empty -delete

FROM ${BUN_IMAGE} AS dependencies
WORKDIR /app
COPY --from=manifests /manifests .
RUN bun install --frozen-lockfile --production

FROM ${BUN_IMAGE}
ENV NODE_ENV=production PORT=3000 HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /app .
COPY apps apps
COPY libs libs
COPY docker/ready.ts docker/ready.ts
COPY bin/parley bin/parley
USER bun
EXPOSE 3000
# No shell in between: it would keep the stop signal from the app.
CMD ["bun", "apps/standalone/src/main.ts"]
