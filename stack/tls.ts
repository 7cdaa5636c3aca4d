/** The certificate that nginx shows: TLS_CERT and TLS_KEY. nginx gets copies, because it sees only the state folder. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { SERVICE_USER, type TlsFiles, Unusable } from './settings.ts';

const FILES = { cert: 'certificate.pem', key: 'certificate.key' } as const;

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Changes with the certificate or its key, so that `up` restarts nginx. */
  readonly fingerprint: string;
}

/** Reads both files. @throws {Unusable} if one cannot be read, or if they do not belong together */
export function readCertificate({ cert: certFile, key: keyFile }: TlsFiles): Certificate {
  const cert = read('TLS_CERT', certFile);
  const key = read('TLS_KEY', keyFile);
  const certificate = parse('TLS_CERT', certFile, 'a certificate in PEM', () => new X509Certificate(cert));
  const privateKey = parse('TLS_KEY', keyFile, 'a private key in PEM without a passphrase', () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Unusable(`TLS_KEY (${keyFile}) is not the key of the first certificate in TLS_CERT (${certFile}).`);
  }
  return { cert, key, fingerprint: createHash('sha256').update(cert).update(key).digest('hex') };
}

/** Writes the copies into nginx's folder, which only nginx's user can read. */
export function writeCertificate(folder: string, certificate: Certificate): void {
  for (const part of ['cert', 'key'] as const) {
    const file = `${folder}/${FILES[part]}`;
    writeFileSync(file, certificate[part], { mode: 0o600 });
    chmodSync(file, 0o600);
    chownSync(file, SERVICE_USER.uid, SERVICE_USER.gid);
  }
}

/** Returns nginx's directives for TLS; docker-compose.tls.yml has the same. `folder` is where nginx finds the files. */
export function tlsDirectives(addresses: readonly string[], folder: string): string {
  return [
    ...addresses.map((address) => `listen ${address} ssl;`),
    'http2 on;',
    `ssl_certificate ${folder}/${FILES.cert};`,
    `ssl_certificate_key ${folder}/${FILES.key};`,
  ].join(' ');
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new Unusable(`${variable} names a file that cannot be read (${code}): ${file}`);
  }
}

function parse<T>(variable: string, file: string, what: string, parser: () => T): T {
  try {
    return parser();
  } catch {
    throw new Unusable(`${variable} must name a file with ${what}: ${file}`);
  }
}
