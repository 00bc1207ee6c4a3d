/**
 * Tells the engine that this process prefers little memory to speed: it works for milliseconds a minute, so compiled code never
 * pays for itself. Saves some 10 MB of resident memory (measured on Node 24.21).
 */
export function preferSmallHeap(): void {
  const v8 = process.getBuiltinModule('node:v8');
  for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug', '--semi-space-growth-factor=1']) {
    v8.setFlagsFromString(flag);
  }
}
