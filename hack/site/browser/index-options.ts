import type { Options } from 'minisearch';
import type { SearchEntry } from '../search-entries.ts';

/** How the index is made, and read again in the browser: both must say the same. */
export const indexOptions: Options<SearchEntry> = {
  fields: ['heading', 'page', 'text'],
  storeFields: ['page', 'heading', 'text'],
  searchOptions: { prefix: true, fuzzy: 0.15, combineWith: 'AND', boost: { heading: 4, page: 2 } },
};
