/**
 * A server's words about a configuration it refuses, without values of it: its parser quotes what it stumbles over, and that
 * may be a credential in the wrong place.
 */
export function withoutValues(text: string): string {
  return text
    .replace(/`[^`]*`?/g, '`...`')
    .replace(/\bparse "(?:[^"\\]|\\.)*"/g, 'parse "..."')
    .replace(/\/\/[^\s/@"']*@/g, '//...@');
}
