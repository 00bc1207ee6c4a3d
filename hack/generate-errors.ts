import handlebars from 'handlebars';
import { errorCatalogue } from '../src/base/error-catalogue.ts';

const page = handlebars.compile(
  `# Error catalogue

Every code that promfleet reports: in error messages, in condition reasons, in Events and in the output of
the command line. Generated from \`src/base/error-catalogue.ts\`.

| code | when it occurs | what to do |
|---|---|---|
{{#each rows}}
| \`{{code}}\` | {{meaning}} | {{action}} |
{{/each}}
`,
  { noEscape: true, strict: true },
);

/** docs/errors.md: one row per code, from the catalogue that the code itself uses. */
export function errorCatalogueDocument(): Record<string, string> {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = Object.entries(errorCatalogue).map(([code, entry]) => ({
    code,
    meaning: cell(entry.meaning),
    action: cell(entry.action),
  }));
  return { 'docs/errors.md': page({ rows }) };
}
