/** MySQL: stores the system's data. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { insideRootfs, ROOTFS_ENVIRONMENT } from '../chroot.ts';
import { run } from '../run.ts';
import { type Service, type StackContext, StopOrder } from '../service.ts';
import { CREDENTIALS, type Settings } from '../settings.ts';
import { makeStateFolder } from '../state-folder.ts';

const DATA = '/stack/mysql/data';
const SOCKET = 'mysqld.sock';
/** Files of a killed server. A new one does not start while any process has the pid that is in them. */
const LEFT_BEHIND = [SOCKET, `${SOCKET}.lock`, 'mysqld.pid'];

export function mysqlService({ settings, installation }: StackContext): Service {
  const { repository, stateDir } = settings;
  const port = settings.ports.mysql;
  const shared = readFileSync(`${repository}/stack/conf/mysql.cnf`, 'utf8');
  const configuration = `${shared}
port = ${port}
bind_address = 127.0.0.1
basedir = /usr
datadir = ${DATA}
socket = /stack/mysql/${SOCKET}
pid_file = /stack/mysql/mysqld.pid
tmpdir = /stack/mysql
# The default is a folder that a package's set-up script would have made; without it the server does not start.
secure_file_priv = NULL
`;
  const users = usersSql(repository);
  const inside = (...command: string[]): string[] => insideRootfs(installation, stateDir, command);
  return {
    name: 'mysql',
    port,
    stopOrder: StopOrder.Server,
    command: inside('mysqld', '--defaults-file=/stack/mysql/my.cnf', '--init-file=/stack/mysql/init.sql'),
    env: ROOTFS_ENVIRONMENT,
    cwd: stateDir,
    configuration: configuration + users,
    prepare: async () => {
      const folder = makeStateFolder(stateDir, 'mysql');
      writeFileSync(`${folder}/my.cnf`, configuration);
      writeFileSync(`${folder}/init.sql`, users);
      for (const name of LEFT_BEHIND) rmSync(`${folder}/${name}`, { force: true });
      if (existsSync(`${folder}/data`)) return;
      // The data folder gets its name when it is complete: a half-made one would be used as a database.
      rmSync(`${folder}/data.partial`, { recursive: true, force: true });
      const make = inside('mysqld', '--defaults-file=/stack/mysql/my.cnf', '--initialize-insecure');
      await run([...make, `--datadir=${DATA}.partial`], { env: ROOTFS_ENVIRONMENT });
      renameSync(`${folder}/data.partial`, `${folder}/data`);
    },
  };
}

/** The SQL that MySQL runs at each start, so that a database of an older version gets this version's users. */
function usersSql(repository: string): string {
  const { password } = CREDENTIALS;
  return readFileSync(`${repository}/stack/conf/mysql-users.sql`, 'utf8').replaceAll(/\{MYSQL_\w+\}/g, password);
}

/** The socket on which root logs in without a password. Only root and the servers' user can enter its folder. */
export function mysqlSocket({ stateDir }: Settings): string {
  return `${stateDir}/mysql/${SOCKET}`;
}
