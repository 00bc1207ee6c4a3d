import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type KernelExports, kernelModule } from './kernel-module.ts';

/** What a kernel answers (`assembly/status.ts`). */
export const kernelStatus = {
  ok: 0,
  corrupt: 1,
  otherEncoding: 2,
  overlapping: 3,
  tooManySamples: 4,
} as const;

const pageBytes = 65_536;
/** Room behind what a kernel reads or writes in whole vectors. */
export const slackBytes = 64;

/** An instance of the kernels with a memory of its own, which grows to a limit and never shrinks. */
export class Kernel {
  readonly run: KernelExports;
  private readonly memory: WebAssembly.Memory;
  private readonly heapStart: number;
  private next: number;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: limits.kernelMemoryBytes / pageBytes });
    const instance = new WebAssembly.Instance(kernelModule(), { env: { memory: this.memory } });
    this.run = instance.exports as unknown as KernelExports;
    this.heapStart = this.run.heapBase();
    this.next = this.heapStart;
  }

  /** Gives up all that was allocated, or what was allocated after a mark. */
  release(mark = this.heapStart): void {
    this.next = mark;
  }

  /** What `release` takes to come back to this moment. */
  get mark(): number {
    return this.next;
  }

  /** The address of new memory, aligned to 16 bytes, with room for whole vectors behind it. Views made before are void. */
  allocate(bytes: number): number {
    const at = (this.next + 15) & ~15;
    const end = at + bytes + slackBytes;
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) {
      if (end > limits.kernelMemoryBytes)
        throw new CodedError('LimitExceeded', `a batch of series needs ${end} bytes of kernel memory`);
      this.memory.grow(Math.ceil(missing / pageBytes));
    }
    this.next = end;
    return at;
  }

  get sizeBytes(): number {
    return this.memory.buffer.byteLength;
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, length);
  }

  int32(at: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, at, length);
  }

  uint32(at: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, at, length);
  }

  float64(at: number, length: number): Float64Array {
    return new Float64Array(this.memory.buffer, at, length);
  }
}
