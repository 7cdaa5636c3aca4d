import { type EmbeddedOptions, openEmbedded as open } from '@parley/embedded';

/** Opens the embedded drivers, with more time for a search than by default: the machine of the tests may be busy. */
export function openEmbedded(options: EmbeddedOptions): ReturnType<typeof open> {
  return open({ searchTimeoutMs: 20_000, ...options });
}
