import { Type } from 'typebox';
import { ID_PATTERN } from './identifiers.ts';
import { CONTENT_CHARACTERS_MAX, METADATA_BYTES_MAX, NAME_CHARACTERS_MAX } from './limits.ts';

/**
 * Any Unicode text except NUL and lone surrogates: a database cannot keep those, so the text would come back changed.
 * (JSON Schema patterns are Unicode regular expressions: a surrogate pair does not match `\uD800-\uDFFF`.)
 */
export const TEXT_PATTERN = '^[^\\u0000\\uD800-\\uDFFF]*$';

/** A chat may be created without a name. Then its name is empty. */
export const ChatName = Type.String({ maxLength: NAME_CHARACTERS_MAX, pattern: TEXT_PATTERN });
export const Name = Type.String({ minLength: 1, maxLength: NAME_CHARACTERS_MAX, pattern: TEXT_PATTERN });
export const Content = Type.String({ minLength: 1, maxLength: CONTENT_CHARACTERS_MAX, pattern: TEXT_PATTERN });
/** The id of a sender or user in the client's own system. */
export const Id = Type.String({ pattern: ID_PATTERN });
/** A metadata object as compact JSON, as it is kept. Its bytes are counted where it comes in (see metadata.ts). */
export const MetadataText = Type.String({ minLength: 2, maxLength: METADATA_BYTES_MAX, pattern: '^\\{' });
