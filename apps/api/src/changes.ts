import { metadataText } from '@parley/http';

/** What a PATCH makes of the metadata: undefined if it stays, null if it is removed. Throws a 422 if it is wrong. */
export function changedMetadata(metadata: object | null | undefined): string | null | undefined {
  return metadata === undefined || metadata === null ? metadata : metadataText(metadata);
}

/** What a PUT makes of the metadata: it is removed if it is left out. Throws a 422 if it is wrong. */
export function replacedMetadata(metadata: object | undefined): string | null {
  return metadata === undefined ? null : metadataText(metadata);
}
