import { afterEach } from 'bun:test';
import { type Event, newEventId, newToken, partitionOf, type Token } from '@parley/domain';
import { openRabbitmq, type RabbitmqDrivers, type RabbitmqOptions } from '../open.ts';
import { deleteQueues, rabbitmqUrl } from './queues.ts';

type Options = Partial<RabbitmqOptions>;

/** Makes drivers on queues of their own. After each test it closes them and deletes the queues. */
export class TestSystem {
  readonly queuePrefix = `test-${newEventId()}`;
  readonly #open: RabbitmqDrivers[] = [];

  constructor(readonly partitions = 2) {
    afterEach(async () => {
      if (this.#open.length === 0) return;
      await Promise.all(this.#open.splice(0).map((drivers) => drivers.close()));
      await deleteQueues(this.queuePrefix, this.partitions);
    });
  }

  /** Makes drivers that are not started yet. */
  drivers(options: Options = {}): RabbitmqDrivers {
    const { queuePrefix, partitions } = this;
    const drivers = openRabbitmq({ url: rabbitmqUrl(), partitions, queuePrefix, ...options });
    this.#open.push(drivers);
    return drivers;
  }

  async started(options: Options = {}): Promise<RabbitmqDrivers> {
    const drivers = this.drivers(options);
    await drivers.start();
    return drivers;
  }

  /** Returns an application's token whose events travel in this partition. */
  token(partition: number): Token {
    for (;;) {
      const token = newToken();
      if (partitionOf(token, this.partitions) === partition) return token;
    }
  }
}

export function messages(token: Token, first = 1, contents = ['x']): Event {
  return { type: 'messages', id: newEventId(), epoch: 1, at: Date.now(), token, chat: 1, first, contents };
}
