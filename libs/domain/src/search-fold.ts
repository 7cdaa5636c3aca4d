/**
 * Folding makes texts comparable. One function folds stored texts and queries, so every search index behaves alike,
 * whatever analyzers it has. After a change here every index must be built anew, under a new version.
 *
 * A folded text has the words of the text, then its punctuation: `Hello, C# world!` is `hello c # world , !`.
 * - Removed: case, compatibility forms (full width, ligatures), invisible characters, accents of Latin, Greek and
 *   Cyrillic letters, vowel signs of Arabic, Hebrew and Syriac, and what the tables below say.
 * - Kept: the marks of all other scripts (a Japanese が is not か).
 * - Words are separated by spaces, punctuation and control characters. `#` and `@` are separate words, so `C#` is not
 *   `C`. Symbols (emoji, +, $) and characters that Unicode does not define yet belong to words.
 * - Each run of punctuation (`???`, `:)`) is listed once, in the order of its first occurrence.
 */

/** Letters that readers take for others (ø for o), but that Unicode does not decompose. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  þ: 'th',
  ŧ: 't',
  ς: 'σ',
  // Arabic: alef wasla; alef maksura, Persian ye and yeh barree; the kinds of kaf; teh marbuta and the kinds of heh.
  // Alef, waw and yeh lose a hamza or madda as they lose a vowel sign.
  '\u0671': '\u0627',
  '\u0649': '\u064a',
  '\u06cc': '\u064a',
  '\u06d2': '\u064a',
  '\u06a9': '\u0643',
  '\u0629': '\u0647',
  '\u06c1': '\u0647',
  '\u06d5': '\u0647',
  '\u06be': '\u0647',
  '\u06aa': '\u0643',
  // Yiddish double letters.
  '\u05f0': '\u05d5\u05d5',
  '\u05f1': '\u05d5\u05d9',
  '\u05f2': '\u05d9\u05d9',
};
/** Punctuation, and letters that look like an apostrophe, each with the character that people type instead. */
const PUNCTUATION: Readonly<Record<string, string>> = {
  ...all(
    "'",
    '‘’‚‛‹›`\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u2032\u2035\ua78b\ua78c\u055a\u05f3\u07f4\u07f5❛❜',
  ),
  ...all('"', '“”„‟«»〝〞〟❝❞\u02ba\u02ee\u05f4'),
  ...all('-', '‐‑‒–—―⸺⸻〰゠\u2212\u05be'),
  ...all('/', '\u2044\u2215'),
  ...all('~', '〜'),
  '؟': '?',
  '؛': ';',
  '،': ',',
};
/**
 * Combining accents, each with the character that people type instead of the lone accent. Unicode decomposes a lone
 * accent into a space and one of these.
 */
const OVER_SPACE: Readonly<Record<string, string>> = {
  ...all("'", '\u0300\u0301\u0313\u0314'),
  ...all('"', '\u0308\u030b'),
  ...all('-', '\u0304\u0305\u0333'),
};

/** Korean letters that stand alone, as in ㅋㅋㅠㅠ. Decomposed, they would join their neighbours to syllables. */
const LONE_JAMO = /[\u3131-\u318e]/;
const NO_LONE_JAMO = /[^\u3131-\u318e]+/g;
const ASCII = /^[\x00-\x7f]*$/;
/**
 * Nobody can read more than 32 accents in a row. The others are cut: a normalizer sorts them, which takes longer for
 * thousands than all else.
 */
const MARKS_IN_A_ROW = /(\p{M}{32})\p{M}+/gu;
const SHORT_LENGTH_MAX = 64;
/**
 * The maximum length of a decomposed text, in UTF-16 units. Only thousands of ligatures exceed it (`ﷺ` becomes
 * eighteen). Search does not find the text behind this length.
 */
const DECOMPOSED_LENGTH_MAX = 50_000;
/**
 * Invisible characters, skin tones of emoji, and Arabic vowel signs without a letter. Unicode decomposes such a sign
 * into a space with a mark, but its writer means no space. No other character decomposes into one of these, so all are
 * removed first.
 */
const UNSEEN = /[\p{DI}\p{Emoji_Modifier}\ufc5e-\ufc63\ufe70\ufe72\ufe74\ufe76\ufe78\ufe7a\ufe7c\ufe7e]/gu;
const SPACED_MARK = / ([\u0300-\u036f])/g;
const LEFT_OUT =
  /[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f\u0640[\p{Mn}&&[\p{scx=Arab}\p{scx=Hebr}\p{scx=Syrc}]]]/gv;
const REPLACED = new RegExp(`[${Object.keys({ ...LETTERS, ...PUNCTUATION }).join('')}]`, 'gu');
const DIGITS = /[\p{Nd}--[0-9]]/gv;
const OWN_WORDS = /[#@]/g;
const SEPARATORS = /[[\p{P}\p{Z}\p{Cc}\p{Cf}\p{Cs}]--[#@]]+/gv;
const MARKS = /[\p{P}--[#@]]+/gv;

/** Returns the folded words and then the folded punctuation of a text, with one space between them and none around. */
export function foldText(text: string): string {
  const folded = foldCharacters(text);
  const marks = marksOf(folded);
  const words = wordsOf(folded);
  if (marks === '') return words;
  return words === '' ? marks : `${words} ${marks}`;
}

/** Returns the folded words of a text alone: `Crème-Brûlée!` becomes `creme brulee`. */
export function foldWords(text: string): string {
  return wordsOf(foldCharacters(text));
}

function wordsOf(folded: string): string {
  const apart = folded.includes('#') || folded.includes('@') ? folded.replace(OWN_WORDS, ' $& ') : folded;
  return apart.replace(SEPARATORS, ' ').trim();
}

function marksOf(folded: string): string {
  const runs = folded.match(MARKS);
  if (runs === null) return '';
  return runs.length === 1 ? (runs[0] ?? '') : [...new Set(runs)].join(' ');
}

/** Folds characters alone: words and punctuation stay where they are. */
export function foldCharacters(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase().replaceAll('`', "'");
  const seen = text.replace(UNSEEN, '');
  return decomposed(decomposed(withoutExcess(seen)).slice(0, DECOMPOSED_LENGTH_MAX).toLowerCase())
    .replace(SPACED_MARK, (_, mark: string) => OVER_SPACE[mark] ?? ' ')
    .replace(LEFT_OUT, '')
    .replace(REPLACED, (found) => LETTERS[found] ?? PUNCTUATION[found] ?? found)
    .replace(DIGITS, asciiDigit)
    .normalize('NFC');
}

/** Cuts rows of accents and other marks to 32, in texts of more than 64 UTF-16 units. */
export function withoutExcess(text: string): string {
  return text.length > SHORT_LENGTH_MAX ? text.replace(MARKS_IN_A_ROW, '$1') : text;
}

function decomposed(text: string): string {
  if (!LONE_JAMO.test(text)) return text.normalize('NFKD');
  return text.replace(NO_LONE_JAMO, (others) => others.normalize('NFKD'));
}

/** For each digit of another script that was found so far, the ASCII digit. Unicode has about seven hundred digits. */
const digits = new Map<string, string>();

/**
 * Returns a digit of any script in ASCII. Unicode lists the ten digits of a script together, 0 first. So a digit's
 * value is its position among them.
 */
function asciiDigit(digit: string): string {
  const known = digits.get(digit);
  if (known !== undefined) return known;
  const code = digit.codePointAt(0) ?? 0;
  let first = code;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(first - 1))) first -= 1;
  const value = String((code - first) % 10);
  digits.set(digit, value);
  return value;
}

function all(meaning: string, characters: string): Record<string, string> {
  return Object.fromEntries([...characters].map((character) => [character, meaning]));
}
