import { expect } from 'bun:test';

/** The results of API calls that each program in tests/clients/programs returns. */
export interface Tour {
  readonly sameApplication: boolean;
  readonly sameChat: boolean;
  readonly chat: number;
  readonly createdOne: number;
  readonly createdBatch: readonly number[];
  readonly pagesByAfter: readonly (readonly number[])[];
  readonly pagesByLink: readonly (readonly number[])[];
  readonly newest: readonly string[];
  readonly foundByGet: readonly number[];
  readonly foundByPost: readonly number[];
  readonly invalid: { readonly status: number; readonly paths: readonly string[] };
  readonly unknown: { readonly status: number; readonly detail: string };
}

/** Runs a program's file against the server at `url` and returns its results. */
export async function runTour(program: string, url: string): Promise<Tour> {
  const { tour } = (await import(program)) as { tour: (url: string) => Promise<Tour> };
  return tour(url);
}

export function expectTour(tour: Tour): void {
  expect(tour).toEqual({
    ...{ sameApplication: true, sameChat: true, chat: 1 },
    ...{ createdOne: 1, createdBatch: [2, 3, 4, 5] },
    pagesByAfter: [[1, 2], [3, 4], [5]],
    pagesByLink: [[1, 2], [3, 4], [5]],
    newest: ['It is here, thank you', 'No parcel came'],
    foundByGet: [1, 4],
    foundByPost: [1, 4],
    invalid: { status: 422, paths: ['/message_content'] },
    unknown: { status: 404, detail: 'There is no such message.' },
  });
}
