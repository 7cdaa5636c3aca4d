import { type Deleter, GONE, isOpen, type Model, NONE, type Redis, type State, type Step } from './state.ts';

/**
 * The delete of the chat or of its application, once: mark it in the store, tell Redis, pass a fence, answer 204. It may
 * pause anywhere, for ever. The rows are removed at any time after the mark.
 */
export function deleteSteps({ scope, rules }: Model, state: State): Step[] {
  const { deletes } = scope;
  const { deleter, deleted, purged } = state;
  if (deletes === undefined) return [];
  const steps: Step[] = [];
  const go = (what: string, phase: Deleter['phase'], change: Partial<State> = {}) => {
    const ahead = phase === 'fencing' ? state.queue.length : 0;
    steps.push({ what: `delete: ${what}`, next: { ...state, deleter: { phase, ahead }, ...change } });
  };
  const mark = (after: Deleter['phase']) => go('marks the owner in the store', after, { deleted: true });
  const retire = () => {
    if (isOpen(state.redis)) go('tells Redis', 'retired', { redis: retired(deletes, rules, state.redis) });
  };
  if (deleter.phase === 'none' && rules.marksFirst) mark('marked');
  if (deleter.phase === 'none' && !rules.marksFirst) retire();
  if (deleter.phase === 'marked') retire();
  if (deleter.phase === 'retired' && !deleted) mark('retired');
  if (deleter.phase === 'retired' && deleted && rules.deletesBehindFence) go('sends a fence', 'fencing');
  if (deleter.phase === 'retired' && deleted && !rules.deletesBehindFence) go('answers 204', 'done');
  if (deleter.phase === 'fencing' && deleter.ahead === 0) go('answers 204', 'done');
  if (deleted && !purged) steps.push({ what: 'the rows are removed', next: { ...state, purged: true, rows: [] } });
  return steps;
}

function retired(owner: 'chat' | 'application', rules: Model['rules'], redis: Redis): Redis {
  if (owner === 'application') return { ...redis, gone: rules.keepsGoneKey };
  return { ...redis, counter: rules.keepsTombstone ? GONE : NONE };
}
