import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { newerImage, ownImage, quickstartImages } from './images.ts';
import { churn } from './steps/churn.ts';
import { faults } from './steps/faults.ts';
import { history } from './steps/history.ts';
import { installing } from './steps/installing.ts';
import { uninstalling, upgrading } from './steps/leaving.ts';
import { losses } from './steps/losses.ts';
import { quickstart } from './steps/quickstart.ts';
import { startCluster } from './target.ts';
import { World } from './world.ts';

/** One life of an installation: each step finds the cluster as the one before has left it. */
let started: World;
let images: readonly Uint8Array[];
const world = () => started;

beforeAll(async () => {
  images = await quickstartImages();
  started = new World(await startCluster());
  await started.cluster.load(...images);
});

afterAll(() => started?.stop());

/** Steps build on each other: after one that failed the rest would only wait for what cannot come. */
let failed: string | undefined;
beforeEach(({ skip }) => {
  if (failed !== undefined) skip(`after a failure of: ${failed}`);
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  failed = task.name;
  console.error(await started.look());
});

/** The same archive under the newer name, which is as long and stands in the index only. */
const renamed = () =>
  Buffer.from(Buffer.from(images[0]!).toString('latin1').replace(ownImage, newerImage), 'latin1');

describe('installing', () => installing(world));
describe('the quickstart', () => quickstart(world));
describe('history', () => history(world));
describe('survives the loss of', () => losses(world));
describe('gets over faults:', () => faults(world));
describe('churn:', () => churn(world));
describe('upgrading', () => upgrading(world, renamed));
describe('uninstalling', () => uninstalling(world));
