/** Compiles the WebAssembly kernels from their AssemblyScript sources. The same sources give the same bytes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as asc from 'assemblyscript/asc';

const folder = 'src/storage-engine/kernels';
const options = [
  '--runtime',
  'stub',
  '-O3',
  '--noAssert',
  '--importMemory',
  '--zeroFilledMemory',
  '--enable',
  'simd',
];

export async function kernelFiles(): Promise<Readonly<Record<string, Uint8Array>>> {
  const sources = join(import.meta.dirname, '..', folder, 'assembly');
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...options], {
    readFile: (name) => readSource(sources, name),
    writeFile: (name, contents) => {
      if (name === 'kernels.wasm') binary = contents as Uint8Array;
    },
    listFiles: () => readdirSync(sources),
  });
  if (error !== null || binary === undefined)
    throw new Error(`the kernels do not compile: ${error?.message}\n${stderr.toString()}`);
  return { [`${folder}/kernels.wasm`]: binary };
}

function readSource(folderPath: string, name: string): string | null {
  try {
    return readFileSync(join(folderPath, name), 'utf8');
  } catch {
    return null;
  }
}
