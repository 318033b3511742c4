/** The whole process of policy-compute, as `run` starts it: calls on NATS with the credential that its manifest earns, explain on gRPC, readiness. */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import type { ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  CallError,
  connectBus,
  controlServerConfig,
  formatCreds,
  mintControlPlane,
  serviceInbox,
} from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, subjects } from '@ringfence/contracts';
import type { ServiceManifest } from '@ringfence/contracts';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, freePort, startNats, startPostgres } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import { protoPath as healthProto } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROTO_PATH } from './adapters/explain-grpc.js';
import { Config } from './config.js';
import { manifest } from './manifest.js';
import { startPolicyCompute } from './policy-compute.module.js';

const CLUSTER = '00000000-0000-4000-8000-0000000000c9';

let nats: NatsServer;
let postgres: PostgresServer;
let hosted: HostedProcess;
let bus: Bus;
const GRPC_TOKEN = randomBytes(16).toString('hex');
let grpcUrl: string;

/** Who asks and publishes in this spec; policy-compute itself gets only what its manifest declares. */
const asking: ServiceManifest = {
  service: 'spec',
  consumes: [
    { mode: 'latest', server: 'control', stream: 'POLICY', filter: `policy.${CLUSTER}.*.*`, durable: 'spec' },
  ],
  emits: [{ subject: 'evt.*.*.*', server: 'control' }],
  serves: [],
  calls: ['policy-compute.resource', 'policy-compute.label-usage', 'policy-compute.explain'],
};

beforeAll(async () => {
  const keys = await mintControlPlane([manifest, asking]);
  [nats, postgres] = await Promise.all([
    startNats({ config: (place) => controlServerConfig(place, keys) }),
    startPostgres(),
  ]);
  const port = await freePort();
  grpcUrl = `127.0.0.1:${port}`;
  const creds = join(nats.directory, 'policy-compute.creds');
  await writeFile(creds, formatCreds(keys.services['policy-compute']!));
  hosted = await startHosted(
    { manifest, config: Config, start: startPolicyCompute },
    {
      NATS_URL: nats.url,
      NATS_CREDS: creds,
      DATABASE_URL: postgres.url,
      RINGFENCE_GRPC_PORT: String(port),
      RINGFENCE_GRPC_TOKEN: GRPC_TOKEN,
      LOG_LEVEL: 'silent',
    },
  );
  await hosted.started;
  bus = await connectBus({
    servers: nats.url,
    name: 'spec',
    server: 'control',
    credentials: keys.services['spec']!,
    inboxPrefix: serviceInbox('spec'),
  });
  await eventually(
    async () => (await fetch(`${hosted.managementUrl}/readyz`)).status,
    (status) => status === 200,
  );
});
afterAll(async () => {
  await hosted?.stop();
  await bus?.close();
  await Promise.all([nats?.close(), postgres?.close()]);
});

const USER = { kind: 'user', id: '1' } as const;
const request = { org: 1, actor: USER, pversion: 'draft', ids: [], query: {}, body: null };

interface GrpcAnswer {
  readonly error: { readonly code: number; readonly details: string } | null;
  readonly response: Record<string, unknown> | undefined;
}
async function callGrpc(
  proto: string,
  [path, method]: readonly [string, string],
  message: unknown,
  token = '',
): Promise<GrpcAnswer> {
  const loaded = loadPackageDefinition(loadSync(proto, { keepCase: true }));
  const Client = path
    .split('.')
    .reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], loaded) as ServiceClientConstructor;
  const client = new Client(grpcUrl, credentials.createInsecure());
  try {
    return await new Promise((resolve) => {
      const deadline = Date.now() + 5_000;
      const metadata = new Metadata();
      if (token !== '') metadata.set('authorization', `Bearer ${token}`);
      const answered = (error: GrpcAnswer['error'], response: GrpcAnswer['response']): void =>
        resolve({ error, response });
      client[method]!(message, metadata, { deadline }, answered);
    });
  } finally {
    client.close();
  }
}

const explain = (message: object, token = GRPC_TOKEN): Promise<GrpcAnswer> =>
  callGrpc(PROTO_PATH, ['ringfence.policy.v1.PolicyExplainer', 'Explain'], message, token);

describe('the process of policy-compute', () => {
  it('answers resource, label-usage and explain on NATS', async () => {
    const answer = await bus.call(CALLS.policyResource, { ...request, collection: 'ip_lists', op: 'list' });
    expect(answer).toMatchObject({ total: 1, matched: 1, body: [{ name: 'Any (0.0.0.0/0 and ::/0)' }] });
    expect(await bus.call(CALLS.labelUsage, { labels: ['5'] })).toEqual({ used: [], groupKeys: [] });
    const explained = await bus.call(CALLS.explain, { from: '10.0.0.1', to: '10.0.0.2', port: 443 });
    expect(explained).toMatchObject({ verdict: 'unknown', egress: null, ingress: null });
  });

  it('refuses with a code and a token that callers know', async () => {
    const body = { name: 'Broken', ip_ranges: [{ from_ip: '10.0.0.300' }] };
    const refusal = await bus
      .call(CALLS.policyResource, { ...request, collection: 'ip_lists', op: 'create', body })
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CallError);
    expect(refusal).toMatchObject({
      code: 'INVALID_ARGUMENT',
      errors: [{ token: 'input_validation_error' }],
    });
  });

  it('explains over gRPC as over NATS', async () => {
    const { response, error } = await explain({ from: '10.0.0.1', to: '10.0.0.2', port: 443 });
    expect(error).toBeNull();
    expect(response).toMatchObject({ verdict: 'unknown', policyVersion: 1 });
    expect(CALLS.explain.response.shape.summary.parse(response?.['summary'])).toMatch(
      'neither end is enforced',
    );
  });

  it('says NOT_FOUND over gRPC for an end that nobody knows', async () => {
    const { error } = await explain({ from: randomUUID(), to: '10.0.0.2', port: 1 });
    expect(error).toMatchObject({ code: 5 });
    expect(error?.details).toMatch('not_found_error');
  });

  it('explains nothing to whoever shows no token, or another', async () => {
    for (const token of ['', 'wrong']) {
      const { error, response } = await explain({ from: '10.0.0.1', to: '10.0.0.2', port: 443 }, token);
      expect([response, error?.code]).toEqual([undefined, 16]);
      expect(error?.details).toMatch('authentication_failed');
    }
  });

  it('carries the trace of a change into the records that follow from it', async () => {
    const traceId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
    const cluster = CLUSTER;
    const traces: string[] = [];
    const reader = await bus.latest(
      'POLICY',
      `policy.${cluster}.*.*`,
      ({ headers }) => void traces.push(headers['traceparent'] ?? ''),
    );
    const state = {
      id: randomUUID(),
      cluster,
      class: 'pod',
      kind: 'Deployment',
      namespace: 'shop',
      name: 'web',
      labels: ['1'],
      mode: 'full',
      refused: [],
      addresses: [],
      node: null,
    };
    const envelope = {
      id: randomUUID(),
      type: 'EntityLabelled',
      v: 1,
      stream: `entity-${state.id}`,
      version: 1,
      position: 1,
      at: new Date().toISOString(),
      cluster,
      actor: USER,
      data: state,
    };
    await bus.publish(subjects.event(cluster, 'entity', state.id), envelope, {
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    });
    // The unit, the list that it names, and the commit.
    await eventually(() => traces.length === 3);
    expect(traces.every((trace) => trace.includes(traceId))).toBe(true);
    await reader.close();
  });

  it('answers the standard health check', async () => {
    const { response } = await callGrpc(healthProto, ['grpc.health.v1.Health', 'check'], {
      service: 'ringfence.policy.v1.PolicyExplainer',
    });
    expect(response).toMatchObject({ status: 1 });
  });
});
