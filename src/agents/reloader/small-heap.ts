/**
 * Tells the engine that this process prefers little memory to speed: it works for milliseconds a minute, so compiled code never
 * pays for itself. Saves some 10 MB of resident memory; that the heap is collected before it grows saves 20 MB more
 * with 10,000 rule files (measured on Node 24.21).
 */
export function preferSmallHeap(): void {
  const v8 = process.getBuiltinModule('node:v8');
  const flags = [
    '--no-opt',
    '--no-maglev',
    '--no-sparkplug',
    '--semi-space-growth-factor=1',
    '--optimize-for-size',
  ];
  for (const flag of flags) v8.setFlagsFromString(flag);
}
