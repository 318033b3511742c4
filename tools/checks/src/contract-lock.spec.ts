import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { breaks, notLocked } from './contract-lock.js';
import type { JsonSchema } from './schema-compatibility.js';

const schemaOf = (shape: z.ZodRawShape): JsonSchema =>
  z.toJSONSchema(z.object(shape), { io: 'input' }) as JsonSchema;
const released = schemaOf({ id: z.string() });
const wider = schemaOf({ id: z.string(), note: z.string().optional() });
const changed = schemaOf({ id: z.number() });

describe('a contract that stands in the lock file', () => {
  it('is as it was', () => {
    expect(breaks(released, schemaOf({ id: z.string() }), false)).toEqual([]);
    expect(notLocked(released, schemaOf({ id: z.string() }))).toEqual([]);
  });

  it('may gain an optional field, and the lock file is asked to keep it', () => {
    expect(breaks(released, wider, false)).toEqual([]);
    expect(notLocked(released, wider)).toEqual([expect.stringContaining('contracts.js --update')]);
  });

  it('is broken by anything else, and by any change once a newer version is written', () => {
    expect(breaks(released, changed, false)).toEqual([expect.stringContaining('write a new version')]);
    expect(breaks(wider, released, false)).toEqual([expect.stringContaining('write a new version')]);
    expect(breaks(released, wider, true)).toEqual([expect.stringContaining('only read')]);
  });
});

describe('a contract that is new', () => {
  it('breaks nothing and is not in the lock file yet', () => {
    expect(breaks(undefined, released, false)).toEqual([]);
    expect(notLocked(undefined, released)).toEqual([expect.stringContaining('contracts.js --update')]);
  });
});
