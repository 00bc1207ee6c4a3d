import { dump, load } from 'js-yaml';
import { decodeIndex, encodeIndex, type IndexSlot } from '../../render/bundle/bundle-index.ts';
import { decodeSlot, encodeSlot } from '../../render/bundle/slot.ts';
import type { BundleSource } from './ports.ts';
import { serverKinds } from './server-kind.ts';

/** Sections by which Prometheus takes samples. All others stay: what is queued for a remote write still goes out. */
const ingestion = ['scrape_configs', 'scrape_config_files', 'rule_files'];

/**
 * The bundle of a pod that is to go: the same configuration without scraping and without rules. The index that a reloader sees
 * then names only the changed configuration, by the hash of what it became.
 */
export class QuietBundle implements BundleSource {
  private readonly source: BundleSource;
  private readonly pod: string;
  private readonly made = new Map<string, Uint8Array>();

  constructor(source: BundleSource, pod: string) {
    this.source = source;
    this.pod = pod;
  }

  async readIndex(signal: AbortSignal): Promise<string | undefined> {
    const text = await this.source.readIndex(signal);
    return text === undefined ? undefined : await this.indexFor(text, signal);
  }

  /** The index as the reloader is to see it. */
  async indexFor(text: string, signal: AbortSignal): Promise<string> {
    this.made.clear();
    if (drainToken(text, this.pod) === undefined) return text;
    const slots: IndexSlot[] = [];
    for (const slot of decodeIndex(text).slots) {
      if (slot.kind !== 'Secret') continue;
      const bytes = await this.source.readSlot(slot, signal);
      // A slot that is not what the index names is left to the reloader, which says so.
      if (bytes === undefined || decodeSlot(bytes).hash !== slot.hash) return text;
      const quiet = encodeSlot(
        decodeSlot(bytes).files.map(({ path, content }) => ({
          path,
          content: path === serverKinds.prometheus.mainFile ? quietConfig(content) : content,
        })),
      );
      this.made.set(slot.name, quiet.bytes);
      slots.push({ ...slot, hash: quiet.hash });
    }
    return encodeIndex({ slots });
  }

  async readSlot(slot: IndexSlot, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.made.get(slot.name) ?? (await this.source.readSlot(slot, signal));
  }
}

/** Token of the wish that this pod drains; undefined where there is none. */
export function drainToken(indexText: string, pod: string): string | undefined {
  try {
    const { drain } = decodeIndex(indexText);
    return drain?.pods.includes(pod) === true ? drain.token : undefined;
  } catch {
    // The reloader says what is wrong with the index.
    return undefined;
  }
}

/** A prometheus.yaml by which a server takes no sample of its own accord. */
export function quietConfig(text: string): string {
  const config = load(text) as Record<string, unknown> | undefined;
  const kept = Object.entries(config ?? {}).filter(([section]) => !ingestion.includes(section));
  return dump(Object.fromEntries(kept), { noRefs: true, lineWidth: -1 });
}
