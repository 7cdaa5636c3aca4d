/**
 * Returns other spellings of a path that two programs may read differently. None of them may get past a server's rule
 * for `path`, which begins with a slash.
 */
export function pathTricks(path: string): string[] {
  const rest = path.slice(1);
  const first = rest[0] as string;
  const hex = first.charCodeAt(0).toString(16);
  const before = [
    ...['//', '///', '/./', '/.//', '/%2e/', '/%2E/', '/%2e%2f', '/a/../', '/a/..//', '/a/b/../../', '/a/.//../'],
    ...['/a/%2e%2e/', '/a/%2E%2e/', '/a/.%2e/', '/a/%2e./', '/a%2f../', '/a%2f..%2f', '/a/..%2f', '/a/%2e%2e%2f'],
    ...[
      '/%2f',
      '/%5c',
      '/\\',
      '\\',
      '\\/',
      '/.\\',
      '/a\\..\\',
      '/x\\..\\',
      '/a/..\\',
      '/a\\../',
      '/a%5c..%5c',
      '/a/..%5c',
    ],
    ...['/..\\', '/../', '/../../', '/%2e%2e/', '/%2e%2e\\', '/;/', '/a;/../', '/.;/', '/a/..;/', '/ /../', '/%20/../'],
    ...['/%00/../', '/a%00/../', '/%09/../', '/%0a/../', '/%0d%0a/../', '/é/../', '/%c3%a9/../', '/%c0%ae%c0%ae/'],
    ...['/%c0%af', '/%u002f', '/%252e%252e/', '/a/%252e%252e/', '/%252f', '/%25', '/%', '/%2', '/%zz/../', '/a?/../'],
    ...['/#/../', '/a#/../', '/a/...//../', '/..../../', '/%2e%2e%5c', '/a//%2e%2e//'],
  ].map((start) => `${start}${rest}`);
  const within = [
    `/%${hex}${rest.slice(1)}`,
    `/%25${hex}${rest.slice(1)}`,
    `/%${hex.toUpperCase()}${rest.slice(1)}%2f`,
    `/${rest.replaceAll('/', '//')}/.`,
    `/${rest}/..;/`,
    `/${rest}/x/..`,
    `/${rest}/.`,
    `/${rest}/./`,
    `/${rest}//`,
    `/${rest}%2f`,
    `/${rest}%5c`,
    `/${rest}\\`,
    `/${rest}/x/../`,
    `/${rest}%00`,
    `/${rest}%2e`,
    `/${rest}/%2e`,
    `/${rest}#`,
    `/${rest}#/../x`,
    `/${rest.toUpperCase()}/../${rest}`,
  ];
  return [...before, ...within];
}
