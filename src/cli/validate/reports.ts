import { pathToFileURL } from 'node:url';
import { createColors } from 'picocolors';
import { errorCatalogue } from '../../base/error-catalogue.ts';
import { printable } from '../printable.ts';
import type { ManifestFault, ManifestSummary } from './manifest-fault.ts';

/** The faults for people: by file, each with position, code and what to do; then one line of summary. */
export function humanReport(
  faults: readonly ManifestFault[],
  summary: ManifestSummary,
  colors: boolean,
): string {
  const paint = createColors(colors);
  const lines: string[] = [];
  const places = faults.map(
    (fault) => `${fault.line}${fault.column === undefined ? '' : `:${fault.column}`}`,
  );
  const placeWidth = Math.max(0, ...places.map((place) => place.length));
  const codeWidth = Math.max(0, ...faults.map((fault) => fault.code.length));
  let file: string | undefined;
  for (const [index, fault] of faults.entries()) {
    if (fault.file !== file) {
      if (file !== undefined) lines.push('');
      file = fault.file;
      lines.push(paint.bold(printable(file)));
    }
    const severity = fault.severity === 'error' ? paint.red('error  ') : paint.yellow('warning');
    const where = [fault.object, fault.path].filter((part) => part !== undefined && part !== '').join(' ');
    const code = paint.cyan(fault.code.padEnd(codeWidth));
    lines.push(
      `  ${places[index]!.padStart(placeWidth)}  ${severity}  ${code}  ${paint.dim(printable(where))}`.trimEnd(),
    );
    const indent = ' '.repeat(placeWidth + 4);
    lines.push(`${indent}${printable(fault.message)}`, `${indent}${paint.dim(fault.action)}`);
  }
  if (faults.length > 0) lines.push('');
  lines.push(summaryLine(summary, paint));
  return `${lines.join('\n')}\n`;
}

function summaryLine(summary: ManifestSummary, paint: ReturnType<typeof createColors>): string {
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  const looked = [
    `${counted(summary.objects, 'object')} in ${counted(summary.files, 'file')} checked`,
    ...(summary.others > 0 ? [`${summary.others} of other kinds left alone`] : []),
  ].join(', ');
  if (summary.errors + summary.warnings === 0) return `${paint.green('no faults')}: ${looked}`;
  const found = [
    ...(summary.errors > 0 ? [paint.red(counted(summary.errors, 'error'))] : []),
    ...(summary.warnings > 0 ? [paint.yellow(counted(summary.warnings, 'warning'))] : []),
  ].join(', ');
  return `${found}${summary.cut ? ' told, there are more' : ''}: ${looked}`;
}

/** The faults for programs, on one line of JSON for each level of nesting. */
export function jsonReport(faults: readonly ManifestFault[], summary: ManifestSummary): string {
  return `${JSON.stringify({ formatVersion: 1, summary, faults }, null, 2)}\n`;
}

/**
 * The faults in SARIF 2.1.0 (OASIS), which code review and CI systems read. Artifact addresses are relative to the
 * working folder.
 */
export function sarifReport(faults: readonly ManifestFault[], cwd: string, version: string): string {
  const codes = [...new Set(faults.map((fault) => fault.code))].sort();
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'promfleet',
            version,
            rules: codes.map((code) => ({
              id: code,
              shortDescription: { text: errorCatalogue[code].meaning },
              help: { text: errorCatalogue[code].action },
            })),
          },
        },
        columnKind: 'unicodeCodePoints',
        originalUriBaseIds: { ROOT: { uri: `${pathToFileURL(cwd).href.replace(/\/$/, '')}/` } },
        results: faults.map((fault) => ({
          ruleId: fault.code,
          ruleIndex: codes.indexOf(fault.code),
          level: fault.severity,
          message: { text: `${fault.message}. ${fault.action}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: artifact(fault.file),
                region: {
                  startLine: fault.line,
                  ...(fault.column === undefined ? {} : { startColumn: fault.column }),
                },
              },
              ...(fault.object === undefined
                ? {}
                : {
                    logicalLocations: [
                      { fullyQualifiedName: `${fault.object} ${fault.path ?? ''}`.trimEnd() },
                    ],
                  }),
            },
          ],
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function artifact(file: string): { uri: string; uriBaseId?: string } {
  if (file.startsWith('/')) return { uri: pathToFileURL(file).href };
  return { uri: file.split('/').map(encodeURIComponent).join('/'), uriBaseId: 'ROOT' };
}
