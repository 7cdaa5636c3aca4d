import type { Scope } from './state.ts';

const SMALL: Scope = {
  fresh: false,
  creates: [['plain'], ['plain']],
  openers: 2,
  epochs: 3,
  forgettings: 1,
  copies: 0,
  loss: 'never',
  freezes: 0,
};

/** The scopes of which every state is visited; each takes seconds. They differ in accidents and creates. */
export const SCOPES = {
  start: { ...SMALL, fresh: true },
  forgotten: SMALL,
  frozen: { ...SMALL, freezes: 1 },
  'frozen, two creates': { ...SMALL, creates: [['plain', 'plain'], ['plain']], epochs: 2, freezes: 1 },
  'two creates each': {
    ...SMALL,
    creates: [
      ['plain', 'plain'],
      ['plain', 'plain'],
    ],
    epochs: 2,
  },
  'forgotten twice': { ...SMALL, forgettings: 2, epochs: 4 },
  'older data': { ...SMALL, creates: [['plain', 'plain'], ['plain']], copies: 1, forgettings: 2, openers: 1 },
  'a lost counter': { ...SMALL, creates: [['plain', 'plain'], ['plain']], openers: 1, loss: 'in-use' },
  'one key': { ...SMALL, creates: [['keyed'], ['keyed']], copies: 1 },
  'one key, frozen': { ...SMALL, creates: [['keyed'], ['keyed']], openers: 1, freezes: 1, copies: 1 },
  'one key and another create': {
    ...SMALL,
    creates: [['keyed', 'plain'], ['keyed']],
    openers: 1,
    forgettings: 2,
  },
  'one key three times': {
    ...SMALL,
    creates: [['keyed', 'keyed'], ['keyed']],
    openers: 1,
    forgettings: 2,
    copies: 1,
  },
  'a deleted chat': { ...SMALL, creates: [['plain', 'plain'], ['plain']], openers: 1, deletes: 'chat' },
  'a deleted chat, frozen': {
    ...SMALL,
    openers: 1,
    epochs: 2,
    freezes: 1,
    deletes: 'chat',
  },
  'a deleted chat, older data': { ...SMALL, openers: 1, copies: 1, forgettings: 2, deletes: 'chat' },
  'a deleted chat, a lost counter': { ...SMALL, openers: 1, loss: 'in-use', deletes: 'chat' },
  'a deleted application': { ...SMALL, openers: 1, copies: 1, deletes: 'application' },
  'one key in a deleted chat': {
    ...SMALL,
    creates: [['keyed', 'keyed'], ['keyed']],
    openers: 1,
    epochs: 2,
    deletes: 'chat',
  },
  'one key in a deleted application': {
    ...SMALL,
    creates: [['keyed'], ['keyed', 'plain']],
    openers: 1,
    epochs: 2,
    deletes: 'application',
  },
  'a limit': { ...SMALL, creates: [['keyed', 'plain'], ['keyed']], openers: 1, limits: 2 },
} as const satisfies Record<string, Scope>;

export type ScopeName = keyof typeof SCOPES;

/** The scopes for random walks: they have too many states to visit all of them. */
export const LARGE: Scope = {
  fresh: true,
  creates: [
    ['plain', 'keyed', 'plain', 'keyed', 'plain'],
    ['keyed', 'plain', 'plain', 'keyed'],
    ['plain', 'keyed', 'plain'],
  ],
  openers: 3,
  epochs: 8,
  forgettings: 5,
  copies: 3,
  loss: 'in-use',
  freezes: 2,
  limits: 2,
};

export const LARGE_DELETED: Scope = { ...LARGE, fresh: false, deletes: 'chat' };
