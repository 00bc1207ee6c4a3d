import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { notificationLines, startWebhookSink } from './webhook-sink.ts';

const alert = {
  status: 'firing',
  labels: { alertname: 'CheckoutDown', severity: 'page', promfleet_namespace: 'checkout' },
  annotations: { summary: 'checkout is down' },
};

describe('notificationLines', () => {
  it('writes one readable line per alert', () => {
    const text = JSON.stringify({ receiver: 'team', alerts: [alert, { ...alert, status: 'resolved' }] });
    expect(notificationLines(text, 'NOW', '/team')).toEqual([
      'NOW FIRING   CheckoutDown {promfleet_namespace="checkout" severity="page"} -> team at /team: checkout is down',
      'NOW RESOLVED CheckoutDown {promfleet_namespace="checkout" severity="page"} -> team at /team: checkout is down',
    ]);
  });

  it('keeps hostile text on its line', () => {
    const hostile = { ...alert, annotations: { summary: 'a\nNOW FIRING forged\u001b[2J' } };
    const [line, ...more] = notificationLines(JSON.stringify({ alerts: [hostile] }), 'NOW', '/');
    expect(more).toEqual([]);
    expect(line).toContain('a\\nNOW FIRING forged\\u001b[2J');
  });

  it('says so when the body is no notification', () => {
    expect(notificationLines('<html>', 'NOW', '/')).toEqual(['NOW not a notification (6 bytes at /)']);
  });
});

describe('startWebhookSink', () => {
  it('answers notifications and health checks', async () => {
    const lines: string[] = [];
    const sink = await startWebhookSink(
      { host: '127.0.0.1', port: 0 },
      (line) => lines.push(line),
      systemClock,
    );
    try {
      const posted = await fetch(`${sink.url}/x`, {
        method: 'POST',
        body: JSON.stringify({ alerts: [alert] }),
      });
      expect(posted.status).toBe(200);
      expect(lines).toHaveLength(1);
      expect((await fetch(`${sink.url}/healthz`)).status).toBe(200);
    } finally {
      await sink.close();
    }
  });
});
