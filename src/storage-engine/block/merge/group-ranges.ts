/** Label sets, each as symbol ids of names and values in turn, numbered by first appearance. */
export class LabelGroups {
  private ids = new Uint32Array(256);
  private starts = new Uint32Array(17);
  private slots = new Uint32Array(32);
  private used = 0;
  /** The set that is being put together. */
  private scratch = new Uint32Array(64);
  private length = 0;

  get count(): number {
    return this.used;
  }

  push(name: number, value: number): void {
    if (this.length + 2 > this.scratch.length) {
      const longer = new Uint32Array(this.scratch.length * 2);
      longer.set(this.scratch);
      this.scratch = longer;
    }
    this.scratch[this.length++] = name;
    this.scratch[this.length++] = value;
  }

  /** Number of the set of all that was pushed since the last call. */
  close(): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.length; i++) hash = Math.imul(hash ^ this.scratch[i]!, 0x01000193);
    hash = (hash ^ (hash >>> 15)) >>> 0;
    let slot = hash & (this.slots.length - 1);
    for (; this.slots[slot] !== 0; slot = (slot + 1) & (this.slots.length - 1)) {
      const group = this.slots[slot]! - 1;
      if (this.isGroup(group)) {
        this.length = 0;
        return group;
      }
    }
    const group = this.used++;
    this.append();
    this.slots[slot] = group + 1;
    if (this.used * 2 > this.slots.length) this.rehash();
    return group;
  }

  /** Symbol ids of a group's labels. */
  labelsOf(group: number): Uint32Array {
    return this.ids.subarray(this.starts[group]!, this.starts[group + 1]!);
  }

  private isGroup(group: number): boolean {
    const start = this.starts[group]!;
    if (this.starts[group + 1]! - start !== this.length) return false;
    for (let i = 0; i < this.length; i++) if (this.ids[start + i] !== this.scratch[i]) return false;
    return true;
  }

  private append(): void {
    const start = this.starts[this.used - 1]!;
    if (start + this.length > this.ids.length) {
      const longer = new Uint32Array(Math.max(this.ids.length * 2, start + this.length));
      longer.set(this.ids);
      this.ids = longer;
    }
    if (this.used >= this.starts.length) {
      const longer = new Uint32Array(this.starts.length * 2);
      longer.set(this.starts);
      this.starts = longer;
    }
    this.ids.set(this.scratch.subarray(0, this.length), start);
    this.starts[this.used] = start + this.length;
    this.length = 0;
  }

  private rehash(): void {
    const slots = new Uint32Array(this.slots.length * 4);
    const mask = slots.length - 1;
    for (let group = 0; group < this.used; group++) {
      let hash = 0x811c9dc5;
      for (let i = this.starts[group]!; i < this.starts[group + 1]!; i++)
        hash = Math.imul(hash ^ this.ids[i]!, 0x01000193);
      let slot = ((hash ^ (hash >>> 15)) >>> 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = group + 1;
    }
    this.slots = slots;
  }
}
