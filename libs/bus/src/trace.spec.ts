import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { activeHeaders, Causes, continueTraces, wordsOfSubject } from './trace.js';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const traceId = (digit: string): string => digit.repeat(32);
const cause = (digit: string): { traceparent: string } => ({
  traceparent: `00-${traceId(digit)}-${digit.repeat(16)}-01`,
});

beforeAll(() => provider.register());
beforeEach(() => exporter.reset());
afterAll(async () => {
  await provider.shutdown();
  trace.disable();
});

describe('work that settles several causes together', () => {
  it('continues the first and links the others', () => {
    continueTraces('settle', [cause('a'), cause('b'), cause('c')], () => undefined);
    const [span] = exporter.getFinishedSpans();
    expect(span?.spanContext().traceId).toBe(traceId('a'));
    expect(span?.links.map(({ context }) => context.traceId)).toEqual([traceId('b'), traceId('c')]);
  });

  it('is in its trace, and what is done at once gives its result at once', () => {
    const headers = continueTraces('settle', [cause('a')], activeHeaders);
    expect(headers['traceparent']).toContain(traceId('a'));
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });

  it('ends its span with the work, also with work that fails', async () => {
    const failing = continueTraces('settle', [cause('a')], () => Promise.reject(new Error('no')));
    expect(exporter.getFinishedSpans()).toHaveLength(0);
    await expect(failing).rejects.toThrow('no');
    expect(exporter.getFinishedSpans()[0]?.status.message).toBe('no');
  });

  it('is outside of every trace without a cause, also when it is started within one', () => {
    const headers = continueTraces('outer', [cause('a')], () => continueTraces('settle', [], activeHeaders));
    expect(headers).toEqual({});
  });
});

describe('causes', () => {
  it('are given out once, each one time, the earliest of too many', () => {
    const causes = new Causes();
    for (const digit of 'aabc') causes.add(cause(digit));
    causes.add({});
    expect(causes.take()).toEqual(['a', 'b', 'c'].map(cause));
    expect(causes.take()).toEqual([]);
    for (let n = 1; n <= 100; n += 1)
      causes.add({ traceparent: `00-${String(n).padStart(32, '0')}-aaaaaaaaaaaaaaaa-01` });
    expect(causes.take()).toHaveLength(32);
  });
});

it.each([
  ['obs.c.pod.uid', 'pod observation'],
  ['evt.c.entity.id', 'entity event'],
  ['ack.c.node.n', 'node acknowledgement'],
  ['policy.c.view.n', 'policy: view'],
])('%s is called %s in a span', (subject, words) => {
  expect(wordsOfSubject(subject)).toBe(words);
});
