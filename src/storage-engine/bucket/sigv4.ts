import { createHash, createHmac } from 'node:crypto';

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** SHA-256 of an empty body, in hexadecimal. */
const emptyBodyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * Signs body-less S3 requests (AWS Signature Version 4). The day's signing key is kept, so that a hot range read
 * costs two HMACs and one hash.
 */
export class RequestSigner {
  private readonly region: string;
  private day = '';
  private dayKey: Buffer = Buffer.alloc(0);
  private dayOf = '';

  constructor(region: string) {
    this.region = region;
  }

  /** Headers of a GET or HEAD of `path` (already percent-encoded) on `host`; `range` as in the Range header. */
  headers(
    method: 'GET' | 'HEAD',
    host: string,
    path: string,
    range: string | undefined,
    key: SigningKey,
    nowMs: number,
  ): Record<string, string> {
    const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const day = stamp.slice(0, 8);
    const signed: [string, string][] = [['host', host]];
    if (range !== undefined) signed.push(['range', range]);
    signed.push(['x-amz-content-sha256', emptyBodyHash], ['x-amz-date', stamp]);
    if (key.sessionToken !== undefined) signed.push(['x-amz-security-token', key.sessionToken]);
    const names = signed.map(([name]) => name).join(';');
    const canonical = `${method}\n${path}\n\n${signed.map(([name, value]) => `${name}:${value}\n`).join('')}\n${names}\n${emptyBodyHash}`;
    const scope = `${day}/${this.region}/s3/aws4_request`;
    const toSign = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
    const signature = createHmac('sha256', this.keyOf(day, key)).update(toSign).digest('hex');
    return {
      ...Object.fromEntries(signed),
      authorization: `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    };
  }

  private keyOf(day: string, key: SigningKey): Buffer {
    if (this.day === day && this.dayOf === key.secretAccessKey) return this.dayKey;
    const step = (secret: string | Buffer, text: string) =>
      createHmac('sha256', secret).update(text).digest();
    this.dayKey = [this.region, 's3', 'aws4_request'].reduce<Buffer>(
      step,
      step(`AWS4${key.secretAccessKey}`, day),
    );
    this.day = day;
    this.dayOf = key.secretAccessKey;
    return this.dayKey;
  }
}

/** Percent-encodes an object key for a path as S3 signs it: everything but unreserved characters and `/`. */
export function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');
}
