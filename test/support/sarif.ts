import { Type } from 'typebox';
import { Value } from 'typebox/value';

/**
 * The part of SARIF 2.1.0 that promfleet writes (OASIS standard, sections 3.13 to 3.52; and what code scanning services ask
 * for beyond it). Closed: a property that the standard does not have is a fault.
 */
const closed = { additionalProperties: false } as const;
const optional = Type.Optional;
const text = Type.String({ minLength: 1 });
const ruleId = Type.String({ pattern: '^[A-Za-z0-9]+$' });
/** RFC 3986: no space, quote, bracket or control character, and no bare percent sign. */
const uriReference = Type.String({
  minLength: 1,
  pattern: "^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})+$",
});
const message = Type.Object({ text }, closed);
const whole = (minimum: number) => Type.Integer({ minimum });

const artifactLocation = Type.Object({ uri: uriReference, uriBaseId: optional(text) }, closed);
const region = Type.Object(
  {
    startLine: whole(1),
    startColumn: optional(whole(1)),
    endLine: optional(whole(1)),
    endColumn: optional(whole(1)),
  },
  closed,
);
const location = Type.Object(
  {
    physicalLocation: Type.Object({ artifactLocation, region }, closed),
    logicalLocations: optional(Type.Array(Type.Object({ fullyQualifiedName: text }, closed))),
  },
  closed,
);
const result = Type.Object(
  {
    ruleId,
    ruleIndex: whole(0),
    level: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('note')]),
    message,
    locations: Type.Array(location, { minItems: 1, maxItems: 1 }),
  },
  closed,
);
const rule = Type.Object({ id: ruleId, shortDescription: message, help: message }, closed);
const run = Type.Object(
  {
    tool: Type.Object(
      {
        driver: Type.Object(
          { name: text, version: text, rules: Type.Array(rule, { uniqueItems: true }) },
          closed,
        ),
      },
      closed,
    ),
    columnKind: Type.Literal('unicodeCodePoints'),
    originalUriBaseIds: Type.Record(
      Type.String(),
      // A base must be absolute and end in a slash.
      Type.Object({ uri: Type.String({ pattern: '^[a-z]+:.*/$' }) }, closed),
    ),
    results: Type.Array(result),
  },
  closed,
);
const log = Type.Object(
  { $schema: uriReference, version: Type.Literal('2.1.0'), runs: Type.Array(run, { minItems: 1 }) },
  closed,
);

/** What is not of SARIF in a text, one line each; empty for none. */
export function sarifFaults(json: string): string[] {
  const value: unknown = JSON.parse(json);
  if (!Value.Check(log, value))
    return Value.Errors(log, value).map((error) => `${error.instancePath}: ${error.message}`);
  return value.runs.flatMap(({ tool, results, originalUriBaseIds }, index) =>
    results.flatMap(({ ruleId: id, ruleIndex, locations }, at) => {
      const { uriBaseId, uri } = locations[0]!.physicalLocation.artifactLocation;
      const place = `/runs/${index}/results/${at}`;
      return [
        ...(tool.driver.rules[ruleIndex]?.id === id ? [] : [`${place}: ruleIndex is not that of ${id}`]),
        ...(uriBaseId === undefined || Object.hasOwn(originalUriBaseIds, uriBaseId)
          ? []
          : [`${place}: no base ${uriBaseId}`]),
        ...(uriBaseId !== undefined && /^(?:\/|[a-z]+:)/i.test(uri)
          ? [`${place}: ${uri} is not relative`]
          : []),
      ];
    }),
  );
}
