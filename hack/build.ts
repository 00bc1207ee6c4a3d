/**
 * Bundles src/main.ts into dist/, one chunk per role that main.ts imports lazily, so that an agent loads only
 * what it needs.
 */
import { join } from 'node:path';
import { bundle, root } from './bundle.ts';

await bundle({ to: join(root, 'dist'), standalone: false });
