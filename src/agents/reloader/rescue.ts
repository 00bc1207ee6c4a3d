import type { ConfigFolder, FileChange } from './config-folder.ts';
import type { ServerKind } from './server-kind.ts';
import type { StagedBundle } from './stage.ts';

/**
 * For a server that does not start; only its log knows why. Its independent files (rules) are set aside: started without
 * them it can be asked which one is at fault, as they come back by reloading. Its other files become those of the newest
 * bundle, which may be made for the very version that does not start. Returns how many files were changed.
 */
export async function rescueFiles(
  folder: ConfigFolder,
  kind: ServerKind,
  newest: StagedBundle | undefined,
): Promise<number> {
  const aside: FileChange[] = [...folder.hashes.keys()]
    .filter(kind.divisible)
    .map((path) => ({ path, hash: undefined }));
  const others = (newest?.changes ?? []).filter(({ path }) => !kind.divisible(path));
  const changes = [...aside, ...others];
  if (changes.length === 0) return 0;
  await folder.swapIn(changes);
  await folder.commit(changes);
  return changes.length;
}
