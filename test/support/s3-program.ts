import { goProgram } from './go-program.ts';

/** An S3 server over a folder, whose folders are its buckets: `versitygw --port HOST:PORT --access K --secret S posix FOLDER`. */
export function s3Program(): Promise<string> {
  return goProgram({
    name: 'versitygw',
    version: '1.8.0',
    go: { module: 'github.com/versity/versitygw', version: 'v1.8.0', packagePath: './cmd/versitygw' },
  });
}
