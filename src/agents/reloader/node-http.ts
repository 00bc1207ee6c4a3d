/**
 * The HTTP modules of Node. A static import of `node:http` would read every export of the module, also the lazy ones,
 * and so load a whole second HTTP client: 14 MB of resident memory (measured on Node 24.21).
 */
export const http = process.getBuiltinModule('node:http');

/** Loaded at the first call: TLS costs some 5 MB. */
export function https() {
  return process.getBuiltinModule('node:https');
}
