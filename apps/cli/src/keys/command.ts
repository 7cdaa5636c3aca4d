/** `bin/parley keys`, once its arguments are read. */
import { type AccessHint, Unavailable } from '@parley/domain';
import { DONE, type Terminal } from '../command.ts';
import type { KeysAsked } from './arguments.ts';
import { createKey } from './create.ts';
import { listKeys } from './list.ts';
import { revokeKey, showKey } from './one-key.ts';
import type { KeysParts } from './parts.ts';

const MADE_WHILE_OPEN =
  "Secret keys that were made while Parley was open stay valid, whoever made them: look at 'bin/parley keys list --application TOKEN'.";

/** Returns the exit code. Throws CommandFailed, or what the store throws. */
export async function runKeys(asked: KeysAsked, parts: KeysParts, terminal: Terminal): Promise<number> {
  switch (asked.command) {
    case 'create':
      await createKey(asked, parts, terminal);
      break;
    case 'list':
      await listKeys(asked.token, parts, terminal);
      break;
    case 'show':
      await showKey(asked, parts, terminal);
      break;
    case 'revoke':
      await tellAll({ kind: 'revoked', id: await revokeKey(asked, parts, terminal) }, parts, terminal);
      break;
    case 'rotate': {
      const kid = await parts.rotate(asked.endsOthers);
      const others = asked.endsOthers
        ? 'Those that are out have ended'
        : 'Those that are out stay valid until their end';
      terminal.out(`User tokens are signed with ${kid} from now on. ${others}.`);
      await tellAll({ kind: 'changed' }, parts, terminal);
      break;
    }
    case 'on': {
      const { keyed } = await parts.keys.accessSince();
      await parts.keys.setKeyed(true);
      terminal.out('Keys are needed from now on.');
      await tellAll({ kind: 'changed' }, parts, terminal);
      if (!keyed) terminal.err(MADE_WHILE_OPEN);
      await noteMissingAdmin(parts, terminal);
      break;
    }
    case 'open':
      await parts.keys.setKeyed(false);
      terminal.out('No keys are needed from now on: whoever reaches Parley may do everything.');
      terminal.err('A program that still has ADMIN_KEY turns keys on again when it starts.');
      await tellAll({ kind: 'changed' }, parts, terminal);
      break;
    case 'status':
      await showStatus(parts, terminal);
  }
  return DONE;
}

async function tellAll(hint: AccessHint, { tell }: KeysParts, terminal: Terminal): Promise<void> {
  try {
    await tell(hint);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    terminal.err('Running programs could not be told: they find it out within ten seconds.');
  }
}

async function noteMissingAdmin({ keys, adminKeys }: KeysParts, terminal: Terminal): Promise<void> {
  if (adminKeys.length > 0 || (await keys.keys(undefined)).length > 0) return;
  terminal.err("There is no admin key here yet: 'bin/parley keys create --admin --name NAME' makes one.");
}

async function showStatus({ keys, adminKeys }: KeysParts, terminal: Terminal): Promise<void> {
  const [{ keyed, signingKeys }, admins] = await Promise.all([keys.accessSince(), keys.keys(undefined)]);
  terminal.out(keyed ? 'keyed: every request needs a credential' : 'open: no request needs a credential');
  terminal.out(`admin keys: ${admins.length}, and ${adminKeys.length} in ADMIN_KEY here`);
  terminal.out(`signing keys of user tokens: ${signingKeys.length}; the newest one signs`);
}
