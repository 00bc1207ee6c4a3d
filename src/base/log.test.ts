import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger } from './create-logger.ts';

describe('createLogger', () => {
  it('never writes the value of a field that may hold a credential, also nested', () => {
    let text = '';
    const destination = new Writable({
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
    const log = createLogger({ name: 't', destination });
    log.info(
      {
        token: 'hunter2',
        request: { authorization: 'Bearer hunter2' },
        object: { data: { key: 'hunter2' } },
      },
      'sent',
    );
    expect(text).toContain('"msg":"sent"');
    expect(text).not.toContain('hunter2');
  });
});
