import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promfleetImage } from '../../hack/image/promfleet-image.ts';
import type { TarEntry } from '../../hack/image/tar.ts';
import { defaultVersion as alertmanagerVersion } from '../../src/render/alertmanager/version.ts';
import { defaultVersion as prometheusVersion } from '../../src/render/prometheus/versions.ts';
import { realProgram } from '../support/programs.ts';
import { s3Program } from '../support/s3-program.ts';
import { architecture, programImage } from './cluster/images.ts';

/** What the chart installs, and the same under a newer tag, for upgrades. */
export const ownImage = 'ghcr.io/promfleet/promfleet:v0.1.0';
export const newerImage = 'ghcr.io/promfleet/promfleet:v0.1.1';

/** The S3 server of the suite. */
export const s3Image = 'promfleet.test/s3:1';

/** Every image that the quickstart names and the S3 server's, under the names that pods ask for, as OCI archives. */
export async function quickstartImages(): Promise<readonly Uint8Array[]> {
  const [prometheus, alertmanager, exporter] = await Promise.all(
    (['prometheus', 'alertmanager', 'node_exporter'] as const).map(realProgram),
  );
  return [
    (await promfleetImage(ownImage, [architecture], 'plain')).bytes,
    await programImage({
      name: `quay.io/prometheus/prometheus:${prometheusVersion}`,
      command: 'prometheus',
      file: prometheus!,
    }),
    await programImage({
      name: `quay.io/prometheus/alertmanager:${alertmanagerVersion}`,
      command: 'alertmanager',
      file: alertmanager!,
      files: templatesOf(alertmanager!),
    }),
    await programImage({
      name: 'quay.io/prometheus/node-exporter:v1.11.1',
      command: 'node_exporter',
      file: exporter!,
    }),
    await programImage({ name: s3Image, command: 'versitygw', file: await s3Program() }),
  ];
}

/** The path of default templates in Debian's Alertmanager, which `local/programs` has turned into one of ours. */
const templateLink = /\/tmp\/promfleet-[0-9a-f]{12}/;

/** Debian's Alertmanager reads its default templates from files; upstream's holds them itself. */
function templatesOf(program: string): readonly TarEntry[] {
  const link = templateLink.exec(readFileSync(program, 'latin1'))?.[0];
  const share = join(dirname(dirname(program)), 'debian-share');
  if (link === undefined || !existsSync(share)) return [];
  return ['default.tmpl', 'email.tmpl']
    .map((name) => join(share, name))
    .filter(existsSync)
    .map((file) => ({ path: `${link.slice(1)}/${basename(file)}`, content: readFileSync(file) }));
}
