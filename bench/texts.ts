/**
 * Makes texts that look natural to a search engine: words from a vocabulary of 5,000, few of them common and most rare
 * (Zipf). The same seed gives the same texts.
 */
const VOCABULARY = 5_000;
const SYLLABLES = [
  'ka',
  'lo',
  'mi',
  'ter',
  'sen',
  'ra',
  'vo',
  'pli',
  'du',
  'ne',
  'gra',
  'shi',
  'bo',
  'qua',
  'ful',
  'est',
];

/** Returns a source of pseudo-random numbers from 0 to 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Returns the word of a rank. Low ranks are common and short words. */
export function wordOf(rank: number): string {
  let word = SYLLABLES[rank % SYLLABLES.length] ?? '';
  for (let rest = Math.floor(rank / SYLLABLES.length); rest > 0; rest = Math.floor(rest / SYLLABLES.length)) {
    word += SYLLABLES[rest % SYLLABLES.length];
  }
  return word;
}

const randomWord = (random: () => number): string => wordOf(Math.floor(VOCABULARY ** random()) - 1);

/** Returns a text of about this many characters; a usual message has 60. */
export function textOf(random: () => number, characters = 60): string {
  let text = randomWord(random);
  while (text.length < characters) text += ` ${randomWord(random)}`;
  return text.slice(0, Math.max(characters, 1)).trimEnd();
}
