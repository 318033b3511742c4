/** What somebody else changes between the plan and its sending is not written over; against a small server that keeps objects by href. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from './main.js';
import { referenceOf } from './policy-owner.js';

type Body = Readonly<Record<string, unknown>>;
const DRAFT = '/orgs/1/sec_policy/draft';
const SETTINGS = `${DRAFT}/firewall_settings`;

/** GET with an ETag; PUT and DELETE obey If-Match, as the API does. */
class SmallServer {
  readonly objects = new Map<string, Body>();
  readonly writes: string[] = [];
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }
  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
  set(href: string, body: Body): void {
    this.objects.set(href, { href, ...body });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '', 'http://x').pathname.replace(/^\/api\/v2/, '');
    const text = (await request.toArray()).join('');
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json', etag: etagOf(body) });
      response.end(status === 204 ? '' : JSON.stringify(body));
    };
    const found = this.objects.get(path);
    if (request.method === 'GET') return reply(200, found ?? this.collection(path));
    const ifMatch = request.headers['if-match'];
    if (ifMatch !== undefined && ifMatch !== etagOf(found))
      return reply(412, [{ token: 'precondition_failed', message: 'somebody has changed it' }]);
    this.writes.push(`${String(request.method)} ${path}`);
    if (request.method === 'DELETE') this.objects.delete(path);
    else this.set(path, { ...found, ...(JSON.parse(text) as Body) });
    return reply(204, null);
  }

  private collection(path: string): Body[] {
    return [...this.objects]
      .filter(([href]) => href.slice(0, href.lastIndexOf('/')) === path)
      .map(([, body]) => body);
  }
}
const etagOf = (body: unknown): string =>
  `W/"${createHash('sha256')
    .update(JSON.stringify(body ?? null))
    .digest('hex')}"`;

const DOCUMENT = `
owner: shop
ip_lists: [{ name: office, ranges: [10.0.0.0/8] }]
firewall_settings: { captive_portal: true }
`;
const ranges = (...from: readonly string[]): Body => ({
  ip_ranges: from.map((each) => ({ from_ip: each, exclusion: false, description: '' })),
});
const ours = (name: string): Body => ({
  ...{ name, description: '', fqdns: [], update_type: null },
  ...{ external_data_set: 'shop', external_data_reference: referenceOf('ip_lists', name) },
});

describe('policy apply', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-apply-'));
  let server: SmallServer;
  let url: string;
  const [OFFICE, OLD] = [`${DRAFT}/ip_lists/1`, `${DRAFT}/ip_lists/2`];

  beforeEach(async () => {
    server = new SmallServer();
    url = await server.listen();
    server.set(OFFICE, { ...ours('office'), ...ranges('192.0.2.0/24') });
    server.set(OLD, { ...ours('old'), ...ranges('192.0.2.0/24') });
    server.set(SETTINGS, { ike_authentication_type: 'psk', firewall_coexistence: [] });
    writeFileSync(join(folder, 'policy.yaml'), DOCUMENT);
  });
  afterEach(() => {
    server.close();
    rmSync(join(folder, 'policy.yaml'));
  });

  /** `meanwhile`: between the plan that is shown and the answer to it. */
  async function applied(meanwhile: () => void = () => undefined) {
    let err = '';
    const env = {
      ...{ RINGFENCE_URL: url, RINGFENCE_API_KEY: 'api_1', RINGFENCE_API_SECRET: 's' },
    };
    const code = await runCommandLine(['policy', 'apply', '-f', join(folder, 'policy.yaml')], env, folder, {
      out: () => undefined,
      err: (text) => (err += text),
      ask: () => {
        meanwhile();
        return Promise.resolve('yes');
      },
    });
    return { code, err };
  }

  it('sends what was planned where nobody came between', async () => {
    expect(await applied()).toMatchObject({ code: 0 });
    expect(server.objects.get(OFFICE)).toMatchObject(ranges('10.0.0.0/8'));
    expect(server.objects.has(OLD)).toBe(false);
    expect(server.objects.get(SETTINGS)).toMatchObject({ allow_captive_portal_outbound: true });
  });

  it('does not write over what somebody else made of it meanwhile, and says which object it is', async () => {
    const theirs = { ...ours('office'), ...ranges('198.51.100.0/24') };
    const { code, err } = await applied(() => server.set(OFFICE, theirs));
    expect(server.objects.get(OFFICE)).toMatchObject(theirs);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/IP list "office".*precondition_failed/s) as string,
    });
    expect(server.writes).toEqual([]);
  });

  it('does not delete what somebody else changed meanwhile', async () => {
    const { code, err } = await applied(() =>
      server.set(OLD, { ...ours('old'), ...ranges('198.51.100.0/24') }),
    );
    expect(server.objects.has(OLD)).toBe(true);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/IP list "old".*precondition_failed/s) as string,
    });
  });

  it('does not write over settings of the firewall that somebody else changed meanwhile', async () => {
    const theirs = { ike_authentication_type: 'certificate', firewall_coexistence: [] };
    const { code } = await applied(() => server.set(SETTINGS, theirs));
    expect(server.objects.get(SETTINGS)).toMatchObject(theirs);
    expect(server.objects.get(SETTINGS)).not.toHaveProperty('allow_captive_portal_outbound');
    expect(code).toBe(1);
  });
});
