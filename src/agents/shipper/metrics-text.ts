import type { ShipperState } from './shipper.ts';

/** The shipper's state in Prometheus's text format. */
export function shipperMetrics(state: ShipperState): string {
  const rows: readonly (readonly [string, 'counter' | 'gauge', string, number])[] = [
    ['promfleet_shipper_uploads_total', 'counter', 'Blocks that were stored in the bucket.', state.uploads],
    [
      'promfleet_shipper_failures_total',
      'counter',
      'Attempts to ship that failed and are repeated.',
      state.failures,
    ],
    ['promfleet_shipper_sent_bytes_total', 'counter', 'Bytes sent to the bucket.', state.sentBytes],
    [
      'promfleet_shipper_waiting_blocks',
      'gauge',
      'Finished blocks that are not in the bucket yet.',
      state.waitingBlocks,
    ],
    [
      'promfleet_shipper_held_blocks',
      'gauge',
      'Blocks that Prometheus compacted and that are not shipped for that reason.',
      state.heldBlocks,
    ],
    [
      'promfleet_shipper_lag_seconds',
      'gauge',
      'Age of the newest sample of the oldest block that waits; 0 when none does.',
      state.lagMs / 1000,
    ],
    [
      'promfleet_shipper_last_success_timestamp_seconds',
      'gauge',
      'When everything finished was in the bucket; 0 before the first time.',
      (state.lastSuccessMs ?? 0) / 1000,
    ],
  ];
  return rows
    .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}
