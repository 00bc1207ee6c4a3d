import { encodeProtoFamilies } from './exposition-proto.ts';
import { commentLine, encodeTextFamilies } from './exposition-text.ts';
import type { MetricFamily } from './metric-family.ts';
import { type EscapingScheme, escapeName, escapingSchemes } from './name-escaping.ts';

/** A format of metrics, as a scraper negotiated it. */
export interface Exposition {
  readonly contentType: string;
  readonly hasNativeHistograms: boolean;
  encode(families: readonly MetricFamily[]): Buffer;
  readonly comment?: (reason: string) => string;
}

interface Accepted {
  readonly type: string;
  readonly params: ReadonlyMap<string, string>;
  readonly weight: number;
}

/** The first of the accepted formats that is known: text, or delimited protobuf. Text where none is. */
export function negotiateExposition(accept: string): Exposition {
  let scheme: EscapingScheme = 'underscores';
  for (const { type, params } of parseAccept(accept)) {
    const asked = escapingSchemes.find((each) => each === params.get('escaping'));
    if (asked !== undefined) scheme = asked;
    if (
      type === 'application/vnd.google.protobuf' &&
      params.get('proto') === 'io.prometheus.client.MetricFamily' &&
      params.get('encoding') === 'delimited'
    )
      return {
        contentType: `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=${scheme}`,
        hasNativeHistograms: true,
        encode: (families) => encodeProtoFamilies(escaped(families, scheme)),
      };
    const version = params.get('version') ?? '';
    if (type === 'text/plain' && (version === '' || version === '0.0.4')) break;
  }
  return {
    contentType: `text/plain; version=0.0.4; charset=utf-8; escaping=${scheme}`,
    hasNativeHistograms: false,
    encode: (families) => encodeTextFamilies(escaped(families, scheme)),
    comment: commentLine,
  };
}

/** Items of an Accept header, the best first, equal ones in their order. */
function parseAccept(accept: string): Accepted[] {
  return accept
    .split(',')
    .map((item) => {
      const [type, ...rest] = item.split(';').map((part) => part.trim());
      const pairs = rest.map((part): [string, string] => {
        const equals = part.indexOf('=');
        return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
      });
      const params = new Map(pairs);
      const weight = Number(params.get('q') ?? 1);
      return { type: type ?? '', params, weight: Number.isFinite(weight) ? weight : 1 };
    })
    .sort((a, b) => b.weight - a.weight);
}

function escaped(families: readonly MetricFamily[], scheme: EscapingScheme): readonly MetricFamily[] {
  if (scheme === 'allow-utf-8') return families;
  return families.map((family) => ({
    ...family,
    name: escapeName(family.name, scheme),
    metrics: family.metrics.map((metric) => ({
      ...metric,
      labels: metric.labels.map(([name, value]) => [escapeName(name, scheme), value] as const),
    })),
  }));
}
