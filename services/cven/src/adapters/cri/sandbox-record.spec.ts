/** What runtimes say of a sandbox, whole, half and wrong. */
import { describe, expect, it } from 'vitest';
import { sandboxOfRecord, sandboxOfStatus } from './sandbox-record.js';

const metadata = { name: 'web', uid: 'uid-1', namespace: 'shop' };
const record = (found: unknown) => ({
  id: 's1',
  extensions: {
    'io.cri-containerd.sandbox.metadata': { value: Buffer.from(JSON.stringify({ Metadata: found })) },
  },
});
const status = (extra: object = {}) => ({
  id: 's1',
  metadata,
  network: { ip: '10.0.0.3', additional_ips: [{ ip: 'fd00::3' }] },
  linux: { namespaces: { options: { network: 'POD' } } },
  ...extra,
});
const info = (verbose: unknown) => ({ info: JSON.stringify(verbose) });
const namespaces = (path?: string) => ({
  linux: { namespaces: [{ type: 'pid' }, { type: 'network', ...(path === undefined ? {} : { path }) }] },
});

describe("containerd's record", () => {
  it('of a sandbox names the Pod and its namespace before it has an address', () => {
    expect(
      sandboxOfRecord(
        record({ NetNSPath: '/run/netns/x', IP: '', AdditionalIPs: null, Config: { metadata } }),
      ),
    ).toEqual({
      id: 's1',
      podUid: 'uid-1',
      namespace: 'shop',
      name: 'web',
      netns: '/run/netns/x',
      addresses: [],
    });
  });

  it('of a Pod on the host network has no namespace of its own', () => {
    const linux = { security_context: { namespace_options: { network: 2 } } };
    expect(sandboxOfRecord(record({ Config: { metadata, linux } }))?.netns).toBeNull();
  });

  it('of any other container, or half of one, is no sandbox', () => {
    expect(sandboxOfRecord({ id: 'c', extensions: {} })).toBeUndefined();
    expect(sandboxOfRecord(record({ NetNSPath: '', Config: { metadata } }))).toBeUndefined();
    expect(sandboxOfRecord(record({ Config: {} }))).toBeUndefined();
  });
});

describe("the runtime interface's verbose status", () => {
  it('gives namespace and all addresses', () => {
    expect(
      sandboxOfStatus({ status: status(), info: info({ pid: 7, runtimeSpec: namespaces('/run/netns/x') }) }),
    ).toMatchObject({
      netns: '/run/netns/x',
      addresses: ['10.0.0.3', 'fd00::3'],
    });
  });

  it('falls back to the process where no path is told', () => {
    expect(
      sandboxOfStatus({ status: status(), info: info({ pid: 7, runtimeSpec: namespaces() }) })?.netns,
    ).toBe('/proc/7/ns/net');
    expect(sandboxOfStatus({ status: status(), info: {} })).toBeUndefined();
  });

  it('of a Pod on the host network says so', () => {
    const onHost = status({ linux: { namespaces: { options: { network: 'NODE' } } }, network: null });
    expect(sandboxOfStatus({ status: onHost, info: {} })).toMatchObject({ netns: null, addresses: [] });
  });
});
