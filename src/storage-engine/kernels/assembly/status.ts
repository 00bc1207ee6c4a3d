/** What a kernel answers. All but `ok` leave the work to the generic path, which knows what to say of it. */
export const ok: i32 = 0;
/** A chunk's bytes are not what its encoding allows, or its checksum is wrong. */
export const corrupt: i32 = 1;
/** A chunk of another encoding, or a longer one than kernels take. */
export const otherEncoding: i32 = 2;
/** Samples are not in ascending order: chunks overlap. */
export const overlapping: i32 = 3;
/** More samples than the columns hold. */
export const tooManySamples: i32 = 4;
