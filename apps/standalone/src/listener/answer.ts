import { STATUS_CODES } from 'node:http';

export interface Answer {
  readonly head: Buffer;
  readonly content: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const statusLines = new Map<number, string>();
let dateSecond = 0;
let dateLine = '';

/** Turns a Response into bytes. `connection`: the value of the Connection header, if the answer needs one. */
export async function answerOf(
  response: Response,
  method: string,
  connection: 'close' | 'keep-alive' | undefined,
): Promise<Answer> {
  const { status, headers } = response;
  const empty = method === 'HEAD' || response.body === null;
  const content = empty ? NOTHING : new Uint8Array(await response.arrayBuffer());
  let head = statusLine(status);
  headers.forEach((value, name) => {
    if (name !== 'connection' && name !== 'content-length') head += `${name}: ${value}\r\n`;
  });
  head += date();
  if (method !== 'HEAD' && status !== 204 && status !== 304) head += `content-length: ${content.length}\r\n`;
  if (connection !== undefined) head += `connection: ${connection}\r\n`;
  return { head: Buffer.from(`${head}\r\n`, 'latin1'), content };
}

function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
    statusLines.set(status, line);
  }
  return line;
}

function date(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateLine = `date: ${new Date(second * 1_000).toUTCString()}\r\n`;
  }
  return dateLine;
}
