import type { RenderFault } from '../workload/manifest.ts';

/** Fields of Prometheus's configuration that name files, without the suffix they all share. */
const fileField = /(^|_)(file|files|filename|path_to_file)$/;
const fileSections = new Set(['file_sd_configs', 'scrape_config_files', 'rule_files']);

/** One fault for each field, at any depth, that would make the server read a file of its container. */
export function fileFieldFaults(value: unknown, path: string): readonly RenderFault[] {
  if (Array.isArray(value)) return value.flatMap((item, n) => fileFieldFaults(item, `${path}[${n}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const at = `${path}.${key}`;
    // The keys of label maps are not fields.
    if (key === 'labels' || key === 'params') return [];
    if (!fileField.test(key) && !fileSections.has(key)) return fileFieldFaults(member, at);
    return [
      {
        path: at,
        code: 'FileFieldRefused',
        message: 'reads a file inside the container; give the value itself',
      },
    ];
  });
}
