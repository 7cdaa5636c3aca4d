/** Installs and runs Prometheus' programs. If that fails, it prints why, and tests that need them are skipped. */
import { installPrometheus, type PrometheusPrograms } from '@parley/stack/install/prometheus';
import { readSettings } from '@parley/stack/settings';
import { tellLeftOut } from '@parley/testing';
import { REPOSITORY } from './files.ts';

export async function findPrometheus(): Promise<PrometheusPrograms | undefined> {
  try {
    return await installPrometheus(readSettings(process.env, REPOSITORY).cacheDir);
  } catch (error) {
    tellLeftOut('Prometheus', error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Runs promtool, Prometheus' checker. Returns its output, and whether it ended without error. */
export async function promtool(
  { promtool: program }: PrometheusPrograms,
  args: readonly string[],
  input = '',
): Promise<{ ok: boolean; said: string }> {
  const child = Bun.spawn([program, ...args], {
    cwd: REPOSITORY,
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [said, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { ok: (await child.exited) === 0, said: said + errors };
}
