import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controlFrame, dataFrame, type Frame, readFrames } from './frames.js';

const bytes = fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array));
const dataFrames = fc
  .record({ stream: fc.integer({ min: 1, max: 0x7fffffff }), payload: bytes, isLast: fc.boolean() })
  .map((frame): Frame => ({ kind: 'data', ...frame }));
const controlFrames = fc
  .record({ type: fc.integer({ min: 1, max: 9 }), payload: bytes })
  .map((frame): Frame => ({ kind: 'control', isLast: false, ...frame }));

const written = (frame: Frame): Buffer =>
  frame.kind === 'data'
    ? dataFrame(frame.stream, frame.payload, frame.isLast)
    : controlFrame(frame.type, frame.payload);

async function read(chunks: readonly Buffer[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  const source = async function* (): AsyncGenerator<Buffer> {
    yield* chunks;
  };
  for await (const frame of readFrames(source())) frames.push(frame);
  return frames;
}

describe('frames', () => {
  it('are read as they were written, wherever the connection cuts them', async () => {
    const cases = fc.array(fc.oneof(dataFrames, controlFrames), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 40 }), async (frames, size) => {
        const whole = Buffer.concat(frames.map(written));
        const count = Math.ceil(whole.length / size);
        const chunks = Array.from({ length: count }, (_, at) => whole.subarray(at * size, (at + 1) * size));
        expect(await read(chunks)).toEqual(frames);
      }),
    );
  });

  it('are refused when they promise more than anybody writes', async () => {
    const head = Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff]);
    await expect(read([head])).rejects.toThrow('a SPDY frame of 16777215 bytes');
  });
});
