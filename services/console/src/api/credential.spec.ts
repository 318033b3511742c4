import { describe, expect, it } from 'vitest';
import { readCredential } from './credential.js';

describe('an API key that was pasted', () => {
  it('is key and secret, whatever blanks are around it', () => {
    for (const text of [' api_0a1b:s3cr:et \n', 'api_0a1b : s3cr:et'])
      expect(readCredential(text)).toEqual({ key: 'api_0a1b', secret: 's3cr:et' });
  });

  it.each(['', 'api_0a1b', 'api_0a1b:', 'admin:secret', 'api_0a1b:two words'])('is not "%s"', (text) => {
    expect(readCredential(text)).toBeUndefined();
  });
});
