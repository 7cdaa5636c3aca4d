/**
 * A sample request for each operation of the document, and who may send it. This says it a second time, apart from the
 * table of operations: a right that is given there by mistake does not pass.
 */
import type { Scope } from '@parley/domain';

/** What a request is about. */
export interface Place {
  readonly token: string;
  readonly chat: number;
  /** A message of `user`. */
  readonly message: number;
  readonly user: string;
  /** The id of a secret key. */
  readonly key: string;
}

export interface Sample {
  readonly path: string;
  readonly json?: unknown;
}

export interface Entry {
  /** The scope of secret keys and user tokens. `messages`: any scope for messages. `admin`: no secret key may. */
  readonly needs: Scope | 'messages' | 'admin';
  /** Whether user tokens may call it. `own`: only for what is the user's own. */
  readonly users?: 'all' | 'own';
  /** Without the base path. A refused one would leave the word `Refused`, or a message 2 as read. */
  readonly sample: (place: Place) => Sample;
  /** What the request ends. Who may send it needs one that is made for it. */
  readonly ends?: 'application' | 'chat' | 'message' | 'key';
  /** Whether nginx sends it to ingest. */
  readonly creates?: true;
}

const application = ({ token }: Place): string => `/applications/${token}`;
const chat = (place: Place): string => `${application(place)}/chats/${place.chat}`;
const messages = (place: Place): string => `${chat(place)}/messages`;
const message = (place: Place): string => `${messages(place)}/${place.message}`;

const at =
  (path: (place: Place) => string, json?: unknown) =>
  (place: Place): Sample => ({ path: path(place), json });
const QUERY = 'search_query=secret';
/** The name of an application that a refused request would create. */
export const NEW_APPLICATION = 'Refused creation';
const NAME = { application_name: 'Refused' };
const CHAT_NAME = { chat_name: 'Refused' };
const CONTENT = { message_content: 'Refused' };
const SEARCH = { search_query: 'secret' };

export const ENTRIES: Readonly<Record<string, Entry>> = {
  createApplication: {
    needs: 'admin',
    creates: true,
    sample: at(() => '/applications', { application_name: NEW_APPLICATION }),
  },
  listApplications: { needs: 'admin', sample: at(() => '/applications') },
  getApplication: { needs: 'messages:read', sample: at(application) },
  updateApplication: { needs: 'manage', sample: at(application, NAME) },
  replaceApplication: { needs: 'manage', sample: at(application, NAME) },
  deleteApplication: { needs: 'admin', ends: 'application', sample: at(application) },
  getLimits: { needs: 'manage', sample: at((place) => `${application(place)}/limits`) },
  updateLimits: { needs: 'admin', sample: at((place) => `${application(place)}/limits`, { retention_days: 9_999 }) },

  createChat: { needs: 'manage', creates: true, sample: at((place) => `${application(place)}/chats`, CHAT_NAME) },
  listChats: { needs: 'messages:read', users: 'all', sample: at((place) => `${application(place)}/chats`) },
  getChat: { needs: 'messages:read', users: 'all', sample: at(chat) },
  updateChat: { needs: 'manage', sample: at(chat, CHAT_NAME) },
  replaceChat: { needs: 'manage', sample: at(chat, CHAT_NAME) },
  deleteChat: { needs: 'manage', ends: 'chat', sample: at(chat) },
  listReads: { needs: 'messages:read', users: 'all', sample: at((place) => `${chat(place)}/reads`) },
  markRead: {
    ...{ needs: 'messages:write', users: 'own' },
    sample: at((place) => `${chat(place)}/reads/${place.user}`, { message_number: 2 }),
  },

  createMessage: { needs: 'messages:write', users: 'all', creates: true, sample: at(messages, CONTENT) },
  createMessageShort: { needs: 'messages:write', users: 'all', creates: true, sample: at(chat, CONTENT) },
  createMessages: {
    ...{ needs: 'messages:write', users: 'all', creates: true },
    sample: at((place) => `${messages(place)}/batch`, { messages: [CONTENT, CONTENT] }),
  },
  listMessages: { needs: 'messages:read', users: 'all', sample: at(messages) },
  getMessage: { needs: 'messages:read', users: 'all', sample: at(message) },
  updateMessage: { needs: 'messages:write', users: 'own', sample: at(message, CONTENT) },
  replaceMessage: { needs: 'messages:write', users: 'own', sample: at(message, CONTENT) },
  deleteMessage: { needs: 'messages:write', users: 'own', ends: 'message', sample: at(message) },

  searchMessages: { needs: 'messages:read', users: 'all', sample: at((place) => `${chat(place)}/search?${QUERY}`) },
  searchMessagesByBody: {
    ...{ needs: 'messages:read', users: 'all' },
    sample: at((place) => `${chat(place)}/search`, SEARCH),
  },
  searchApplication: {
    ...{ needs: 'messages:read', users: 'all' },
    sample: at((place) => `${application(place)}/search?${QUERY}`),
  },
  searchApplicationByBody: {
    ...{ needs: 'messages:read', users: 'all' },
    sample: at((place) => `${application(place)}/search`, SEARCH),
  },

  createKey: {
    needs: 'keys',
    sample: at((place) => `${application(place)}/keys`, { name: 'Refused', scopes: ['keys'] }),
  },
  listKeys: { needs: 'keys', sample: at((place) => `${application(place)}/keys`) },
  revokeKey: { needs: 'keys', ends: 'key', sample: at((place) => `${application(place)}/keys/${place.key}`) },
  createSession: {
    needs: 'messages',
    sample: at((place) => `${application(place)}/sessions`, { user_id: 'anna', chats: [1] }),
  },

  listPrograms: { needs: 'admin', sample: at(() => '/admin/programs') },
  listLimitedApplications: { needs: 'admin', sample: at(() => '/admin/applications') },
  listDeadLetters: { needs: 'admin', sample: at(() => '/admin/dead-letters') },
  replayDeadLetters: { needs: 'admin', sample: at(() => '/admin/dead-letters/replay', {}) },
};

/** Whether a credential with these scopes may call it. */
export function isAllowed({ needs }: Entry, scopes: readonly Scope[]): boolean {
  if (needs === 'messages') return scopes.some((scope) => scope.startsWith('messages:'));
  return needs !== 'admin' && scopes.includes(needs);
}
