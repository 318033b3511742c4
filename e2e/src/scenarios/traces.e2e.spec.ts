/** One trace shows the whole way: from the Kubernetes event, or from a REST request, to the kernel's acknowledgement. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '@ringfence/up';
import type { ReceivedSpan } from '../otlp-receiver.js';
import { label, managedNamespace, removeNamespace, ruleSet } from '../application.js';
import { access, api, apply, clusterId, eventually, pods } from '../world.js';

const NAMESPACE = 'traced';
const labels = { app: 'traced', env: 'test' };

interface Step {
  readonly service: string;
  readonly name: RegExp;
  readonly attributes?: Readonly<Record<string, string>>;
}

async function spans(trace?: string): Promise<ReceivedSpan[]> {
  const query = trace === undefined ? '' : `?trace=${trace}`;
  return (await (await fetch(`${access.traces}${query}`)).json()) as ReceivedSpan[];
}

const isStep =
  ({ service, name, attributes = {} }: Step) =>
  (span: ReceivedSpan): boolean =>
    span.service === service &&
    name.test(span.name) &&
    Object.entries(attributes).every(([key, value]) => span.attributes[key] === value);

/** Every step is a span of this one trace; a failure names what is missing and what there is. */
async function hasSteps(trace: string, steps: readonly Step[]): Promise<ReceivedSpan[]> {
  let found: ReceivedSpan[] = [];
  await eventually(`a trace ${trace} with every step`, async () => {
    found = await spans(trace);
    const missing = steps.filter((step) => !found.some(isStep(step)));
    if (missing.length === 0) return true;
    const there = [...new Set(found.map(({ service, name }) => `${service}: ${name}`))];
    throw new Error(
      `missing ${missing.map(({ service, name }) => `${service} ${name}`).join(', ')} of ${there.join('; ')}`,
    );
  });
  return found;
}

/** Nobody's child, or the child of a span of the same trace: nothing hangs in the air. */
function rootsOf(trace: readonly ReceivedSpan[]): ReceivedSpan[] {
  const ids = new Set(trace.map(({ spanId }) => spanId));
  return trace.filter(({ parentSpanId }) => !ids.has(parentSpanId));
}

/** Each process exports for itself: a span may be here before its parent is. */
async function onlyRootOf(trace: string): Promise<string> {
  let names: string[] = [];
  await eventually(`one root of trace ${trace}`, async () => {
    names = rootsOf(await spans(trace)).map(({ service, name }) => `${service}: ${name}`);
    if (names.length === 1) return true;
    throw new Error(`roots: ${names.join(', ')}`);
  });
  return names[0] ?? '';
}

function barePod(name: string, role: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { app: name },
      annotations: { 'com.illumio.role': role },
    },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name, image: 'example/traced:1' }] },
  } as Manifest;
}

/** The trace that began when Kubelink first heard of the Pod. */
async function traceOfPod(name: string): Promise<string> {
  let trace = '';
  await eventually(`a trace of Pod ${name}`, async () => {
    const [pod] = await pods(NAMESPACE, `app=${name}`);
    const observed = (await spans()).find(
      isStep({
        service: 'kubelink',
        name: /^observe pod$/,
        attributes: { 'k8s.pod.uid': pod?.uid ?? 'none' },
      }),
    );
    trace = observed?.traceId ?? '';
    return trace !== '';
  });
  return trace;
}

describe('one trace', () => {
  beforeAll(async () => {
    for (const role of ['traced-known', 'traced-new']) await label('role', role);
    await managedNamespace(NAMESPACE, labels, 'full');
    await ruleSet('traced', labels, [
      { from: { role: 'traced-known' }, to: { role: 'traced-new' }, port: 7100 },
    ]);
    await api.post('/sec_policy', { update_description: 'traced' });
    await apply(barePod('first', 'traced-known'));
    await hasSteps(await traceOfPod('first'), [{ service: 'cven', name: /^apply policy to the kernel$/ }]);
  });
  afterAll(() => removeNamespace(NAMESPACE));

  it('leads from the first sight of a Pod through its node’s kernel to the acknowledgement', async () => {
    await apply(barePod('second', 'traced-known'));
    const trace = await traceOfPod('second');
    const found = await hasSteps(trace, [
      { service: 'kubelink', name: /^observe pod$/ },
      {
        service: 'kubelink',
        name: /^publish pod observation$/,
        attributes: { 'ringfence.cluster': clusterId },
      },
      { service: 'clas-cache', name: /^read pod observation$/ },
      {
        service: 'clas-cache',
        name: /^settle and tell nodes$/,
        attributes: { 'ringfence.cluster': clusterId },
      },
      { service: 'cven', name: /^receive policy: view$/ },
      { service: 'cven', name: /^apply policy to the kernel$/ },
      { service: 'cven', name: /^publish node acknowledgement$/ },
      { service: 'clas-cache', name: /^read node acknowledgement$/ },
      { service: 'clas-cache', name: /^publish node acknowledgement$/ },
      { service: 'inventory', name: /acks/ },
    ]);
    const [pod] = await pods(NAMESPACE, 'app=second');
    const acknowledged = found.find(isStep({ service: 'clas-cache', name: /^read node acknowledgement$/ }));
    expect(Number(acknowledged?.attributes['ringfence.revision'])).toBeGreaterThan(0);
    const applied = found.filter(isStep({ service: 'cven', name: /^apply policy to the kernel$/ }));
    expect(applied.map(({ attributes }) => attributes['k8s.node.name'])).toContain(pod!.node);
    expect(await onlyRootOf(trace)).toBe('kubelink: observe pod');
  });

  it('leads a new Kubernetes workload through the whole control plane as well', async () => {
    await apply(barePod('third', 'traced-new'));
    await hasSteps(await traceOfPod('third'), [
      { service: 'kubelink', name: /^publish workload observation$/ },
      { service: 'clas-cache', name: /^publish workload observation$/ },
      { service: 'inventory', name: /^append events$/ },
      { service: 'inventory', name: /^publish .* event$/ },
      { service: 'label-resolver', name: /^append events$/ },
      { service: 'label-resolver', name: /^publish .* event$/ },
      { service: 'policy-compute', name: /^flush policy$/ },
      { service: 'policy-compute', name: /^publish policy: commit$/ },
      { service: 'clas-cache', name: /^read policy: commit$/ },
      { service: 'clas-cache', name: /^settle and tell nodes$/ },
      { service: 'cven', name: /^apply policy to the kernel$/ },
      { service: 'clas-cache', name: /^read node acknowledgement$/ },
    ]);
  });

  it('leads from a REST request to its last effect, and is named in the answer and in the log', async () => {
    await ruleSet('traced again', labels, [
      { from: { role: 'traced-new' }, to: { role: 'traced-known' }, port: 7101 },
    ]);
    const response = await fetch(`${access.url}/api/v2/orgs/1/sec_policy`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${access.key}:${access.secret}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ update_description: 'traced again' }),
    });
    expect(response.ok).toBe(true);
    const trace = response.headers.get('x-trace-id')!;
    await hasSteps(trace, [
      { service: 'gateway', name: /^POST .*sec_policy/ },
      { service: 'gateway', name: /^call policy-compute\.resource$/ },
      { service: 'policy-compute', name: /^serve policy-compute\.resource$/ },
      { service: 'policy-compute', name: /^append events$/ },
      { service: 'policy-compute', name: /^publish .* event$/ },
      { service: 'policy-compute', name: /^flush policy$/ },
      { service: 'clas-cache', name: /^read policy: commit$/ },
      { service: 'clas-cache', name: /^settle and tell nodes$/ },
      { service: 'cven', name: /^apply policy to the kernel$/ },
      { service: 'clas-cache', name: /^read node acknowledgement$/ },
    ]);
    expect(await onlyRootOf(trace)).toMatch(/^gateway: /);
    const lines = (await readFile(`${access.dataDirectory}/logs/gateway.log`, 'utf8')).trim().split('\n');
    expect(lines.some((line) => line.includes(`"trace_id":"${trace}"`) && line.includes('answered'))).toBe(
      true,
    );
  });

  it('links every cause where many are settled together', async () => {
    const burst = Array.from({ length: 12 }, (_, index) => barePod(`burst-${index}`, 'traced-known'));
    await apply(...burst);
    await eventually('a settling or a pass with more than one cause', async () => {
      await sleep(500);
      return (await spans()).some(
        ({ service, links }) => ['clas-cache', 'cven'].includes(service) && links.length > 0,
      );
    });
  });
});
