/** The health check of the apps' containers: ends with 0 if the app on PORT reports that it is ready. */
const WITHIN_MS = 2_000;

const ready = await fetch(`http://127.0.0.1:${process.env.PORT}/readyz`, {
  signal: AbortSignal.timeout(WITHIN_MS),
}).then(
  (response) => response.ok,
  () => false,
);
process.exit(ready ? 0 : 1);

export {};
