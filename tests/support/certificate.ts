/** A certificate that a test makes for itself. It is its own authority. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

export interface TestCertificate {
  /** Paths of PEM files. All users may read them: servers run as users of their own. */
  readonly cert: string;
  readonly key: string;
  readonly folder: string;
  readonly remove: () => void;
}

/** Makes a certificate for these names that is valid for a day. @throws if `openssl` fails */
export function makeCertificate(names = 'DNS:localhost,IP:127.0.0.1'): TestCertificate {
  const folder = mkdtempSync(`${tmpdir()}/parley-certificate-`);
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const made = Bun.spawnSync([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '1', '-subj', '/CN=parley-test', '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert],
  ]);
  if (made.exitCode !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
  for (const file of [cert, key]) chmodSync(file, 0o644);
  chmodSync(folder, 0o755);
  return { cert, key, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
