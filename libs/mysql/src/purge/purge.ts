import { type Purge, type PurgeTask, partitionOf } from '@parley/domain';
import { refusing } from '../faults.ts';
import { tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { OnUncounted } from '../store.ts';
import { expire, retained } from './expire.ts';
import { latestTasks, oldestTask, WAITING } from './statements.ts';
import { Progress, step } from './step.ts';

/** The purge on the table `purges`. It uses the ledger's connections, so its work does not delay the store. */
export function mysqlPurge(pool: Pool, partitions: number, onUncounted: OnUncounted = async () => {}): Purge {
  const progress = new Progress();
  return {
    next: (partition) => refusing(next(pool, partition)),
    step: async (task) => {
      const { removed, uncounted } = await refusing(step(pool, task, progress));
      if (uncounted !== undefined) await onUncounted(uncounted);
      return removed;
    },
    latest: (partition, limit) => refusing(tasks(pool, partition, latestTasks(partition, limit))),
    waiting: () => refusing(waiting(pool)),
    retained: (partition, after, limit) => refusing(retained(pool, partition, after, limit)),
    expire: (token, before, seq, after, limit) =>
      refusing(expire(pool, partitionOf(token, partitions), { token, before, seq, after, limit })),
  };
}

interface TaskRow {
  readonly token: Buffer;
  readonly chat_number: number;
  readonly through: number | null;
  readonly created_at: Date;
}

async function next(pool: Pool, partition: number): Promise<PurgeTask | undefined> {
  return (await tasks(pool, partition, oldestTask(partition)))[0];
}

async function tasks(pool: Pool, partition: number, sql: string): Promise<PurgeTask[]> {
  const rows = await pool.useAgain((session) => session.select<TaskRow>(sql));
  return rows.map((row) => {
    const token = tokenOf(row.token);
    return {
      partition,
      owner: row.chat_number === 0 ? { token } : { token, chat: row.chat_number },
      ...(row.through !== null && { through: row.through }),
      since: row.created_at.getTime(),
    };
  });
}

async function waiting(pool: Pool): Promise<{ tasks: number; oldestAt?: number }> {
  const [row] = await pool.useAgain((session) => session.select<{ tasks: number; oldest: Date | null }>(WAITING));
  const oldest = row?.oldest ?? null;
  return { tasks: row?.tasks ?? 0, ...(oldest !== null && { oldestAt: oldest.getTime() }) };
}
