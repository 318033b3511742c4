import { describe, expect, it } from 'vitest';
import { fileInZip } from './zip.js';

/** Made by another program: a folder, a file as it is, a packed one. */
const ZIP = Buffer.from(
  'UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAACAAAAYS9QSwMEFAAAAAAAAAAhALMkTpYIAAAACAAAAAgAAABhL3N0b3JlZGFzIGl0IGlzUEsDBBQAAAAIAAAAIQDKNBABCQAAAJABAAAIAAAAYS9wYWNrZWRLTEochYMIAgBQSwECFAMUAAAAAAAAACEAAAAAAAAAAAAAAAAAAgAAAAAAAAAAAAAAgAEAAAAAYS9QSwECFAMUAAAAAAAAACEAsyROlggAAAAIAAAACAAAAAAAAAAAAAAAgAEgAAAAYS9zdG9yZWRQSwECFAMUAAAACAAAACEAyjQQAQkAAACQAQAACAAAAAAAAAAAAAAAgAFOAAAAYS9wYWNrZWRQSwUGAAAAAAMAAwCcAAAAfQAAAAAA',
  'base64',
);

describe('a file in a zip archive', () => {
  it('is what went in, packed or not', () => {
    expect(fileInZip(ZIP, 'a/stored').toString()).toBe('as it is');
    expect(fileInZip(ZIP, 'a/packed').toString()).toBe('ab'.repeat(200));
  });

  it('is missed by name, and an archive that is cut off is none', () => {
    expect(() => fileInZip(ZIP, 'a/other')).toThrow('it holds no a/other');
    expect(() => fileInZip(ZIP.subarray(0, 100), 'a/stored')).toThrow('it is no zip archive');
  });
});
