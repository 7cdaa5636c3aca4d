import { type ApplicationCreated, type ChatCreated, type MessagesCreated, newEventId, newToken } from '@parley/domain';

const common = () => ({ id: newEventId(), epoch: 1, at: Date.now() });

export function application(token = newToken()): ApplicationCreated {
  return { type: 'application', ...common(), token, name: 'An application' };
}

export function chat(token: string, number = 1, name = 'A chat'): ChatCreated {
  return { type: 'chat', ...common(), token, number, name };
}

export function messages(token: string, first: number, contents: string[], number = 1): MessagesCreated {
  return { type: 'messages', ...common(), token, chat: number, first, contents };
}
