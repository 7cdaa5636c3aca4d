/**
 * Checks what the native stack needs of this machine. An error says in one sentence what is missing, and what to do. On
 * Debian, as root, missing programs are installed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { run } from '../run.ts';
import { Unusable } from '../settings.ts';

const OTHERWISE = "Use Docker instead: 'docker compose up -d' (see docs/running.md).";

/** @throws {Unusable} with the reason, if the native stack cannot run here */
export async function checkMachine(): Promise<void> {
  const reason = await reasonAgainst();
  if (reason !== undefined) throw new Unusable(`The native stack cannot run here: ${reason}.\n${OTHERWISE}`);
}

/** The reason why Debian's packages cannot run from a folder on this machine; undefined if they can. */
export async function reasonAgainst(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.arch !== 'x64' && process.arch !== 'arm64') return `no servers for the processor type ${process.arch}`;
  if (!/^ID=debian$/m.test(readText('/etc/os-release'))) {
    return 'it installs Debian packages from the Debian mirror that apt is set up with, and this is not Debian';
  }
  if (process.getuid?.() !== 0) {
    return 'it must be started by root (the servers then run as an unprivileged user, in their own root folder)';
  }
  const mountable = await run(['unshare', '--mount', 'true']).then(
    () => true,
    () => false,
  );
  return mountable ? undefined : 'mounting is not allowed here (a container without CAP_SYS_ADMIN?)';
}

/** Installs the programs that are missing. `packages` has each program's Debian package. */
export async function ensurePrograms(packages: Readonly<Record<string, string>>): Promise<void> {
  const missing = Object.entries(packages).filter(([program]) => Bun.which(program) === null);
  if (missing.length === 0) return;
  const names = missing.map(([, name]) => name);
  console.log(`Installing ${names.join(', ')} (apt-get)`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run(['apt-get', 'update'], { env });
  await run(['apt-get', 'install', '-y', '--no-install-recommends', ...names], { env });
}

/**
 * Returns the URI of the Debian mirror that apt uses: of the first source, in one-line or deb822 form, that has `main`
 * of this release or of another of Debian's suites.
 */
export function debianMirror(aptFolder = '/etc/apt', release = readText('/etc/os-release')): string {
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] ?? 'sid';
  const suites = new Set([codename, 'stable', 'testing', 'unstable', 'sid']);
  const found = aptSources(aptFolder).find(
    (source) => source.components.includes('main') && source.suites.some((suite) => suites.has(suite)),
  );
  if (found === undefined) throw new Unusable(`No source under ${aptFolder} names a Debian mirror. ${OTHERWISE}`);
  return found.uri;
}

interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

function aptSources(aptFolder: string): AptSource[] {
  const more = `${aptFolder}/sources.list.d`;
  const files = existsSync(more) ? readdirSync(more).sort() : [];
  return [
    ...oneLineSources(readText(`${aptFolder}/sources.list`)),
    ...files.flatMap((file) => {
      if (file.endsWith('.list')) return oneLineSources(readText(`${more}/${file}`));
      return file.endsWith('.sources') ? deb822Sources(readText(`${more}/${file}`)) : [];
    }),
  ];
}

/** Parses apt sources of the form `deb [options] URI suite component…`. */
function oneLineSources(text: string): AptSource[] {
  return [...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/gm)].map(
    ([, uri = '', suite = '', components = '']) => ({ uri, suites: [suite], components: words(components) }),
  );
}

/**
 * Parses apt sources as paragraphs of `Field: values`. Comments may stand between fields, and a value may continue on
 * the next line.
 */
function deb822Sources(text: string): AptSource[] {
  const paragraphs = text.replace(/^#.*\n?/gm, '').split(/\n\s*\n/);
  return paragraphs.flatMap((paragraph) => {
    const field = (name: string): string[] =>
      words(new RegExp(`^${name}:((?:.*(?:\\n[ \\t].*)*))`, 'mi').exec(paragraph)?.[1] ?? '');
    if (!field('Types').includes('deb') || field('Enabled').includes('no')) return [];
    return field('URIs').map((uri) => ({ uri, suites: field('Suites'), components: field('Components') }));
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
