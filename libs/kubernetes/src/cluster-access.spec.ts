import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clusterAccess, fromKubeconfig, inCluster } from './cluster-access.js';

const config = (user: string, cluster = 'server: https://api:6443/') => `
clusters: [{ name: c, cluster: { ${cluster} } }]
users: [{ name: u, user: { ${user} } }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-kubeconfig-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a kubeconfig', () => {
  it('gives server, authority and token', () => {
    const ca = Buffer.from('CA').toString('base64');
    const access = fromKubeconfig(
      config('token: secret', `server: "https://api:6443/", certificate-authority-data: ${ca}`),
      'kubeconfig',
    );
    expect(access).toMatchObject({ server: 'https://api:6443', tls: { ca: 'CA', rejectUnauthorized: true } });
    expect(access.token()).toBe('secret');
  });

  it('gives a client certificate, from data or from files beside it', () => {
    writeFileSync(join(directory, 'key.pem'), 'KEY');
    const user = `client-certificate-data: ${Buffer.from('CERT').toString('base64')}, client-key: key.pem`;
    const access = fromKubeconfig(config(user), join(directory, 'kubeconfig'));
    expect(access.tls).toMatchObject({ cert: 'CERT', key: 'KEY' });
    expect(access.token()).toBeUndefined();
  });

  it('refuses what it cannot use, in words that name it', () => {
    const text = (content: string) => () => fromKubeconfig(content, 'my.yaml');
    const plugin = (more: string) => text(config(`exec: { command: aws, ${more} }`));
    expect(plugin('apiVersion: client.authentication.k8s.io/v1alpha1')).toThrow(
      'my.yaml: the user\'s plugin "aws" speaks client.authentication.k8s.io/v1alpha1, not',
    );
    expect(plugin('apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always')).toThrow(
      'wants to ask somebody',
    );
    expect(text(config('auth-provider: { name: gcp }'))).toThrow('the auth provider "gcp"');
    expect(text(config('token: t').replace('current-context: x', 'current-context: y'))).toThrow(
      'my.yaml: context "y" is not there',
    );
    expect(text('{')).toThrow('my.yaml is not YAML');
    expect(() => clusterAccess(join(directory, 'none'))).toThrow(/none cannot be read/);
  });
});

/** Time goes on: what is on disk is looked at again. */
const later = (): void => void vi.advanceTimersByTime(31_000);

describe('a kubeconfig that changes', () => {
  const path = (): string => join(directory, 'kubeconfig');
  const write = (text: string): void => writeFileSync(path(), text);

  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('gives the new token, certificate and authority, and those of the files beside it', async () => {
    const data = (text: string): string => Buffer.from(text).toString('base64');
    write(
      config(
        'tokenFile: token, client-certificate: cert.pem, client-key-data: S0VZ',
        'server: https://a, certificate-authority: ca.pem',
      ),
    );
    const put = (version: string): void => {
      for (const file of ['token', 'cert.pem', 'ca.pem'])
        writeFileSync(join(directory, file), `${file} ${version}`);
    };
    put('1');
    const access = clusterAccess(path());
    const before = await access.credentials?.();
    expect(before).toMatchObject({
      token: 'token 1',
      tls: { cert: 'cert.pem 1', key: 'KEY', ca: 'ca.pem 1' },
    });
    put('2');
    expect(await access.credentials?.()).toBe(before);
    // Refused: at once.
    const after = await access.credentials?.(before);
    expect(after).toMatchObject({ token: 'token 2', tls: { cert: 'cert.pem 2', ca: 'ca.pem 2' } });
    expect(await access.credentials?.(before)).toBe(after);
    write(config(`token: third, client-certificate-data: ${data('C')}, client-key-data: ${data('K')}`));
    later();
    expect(await access.credentials?.()).toMatchObject({ token: 'third', tls: { cert: 'C', key: 'K' } });
    write('half of it: {');
    later();
    expect(await access.credentials?.()).toMatchObject({ token: 'third' });
  });

  it('does not move to another cluster when another context becomes the current one', async () => {
    const two = (current: string, token: string) => `
clusters: [{ name: c, cluster: { server: https://one } }, { name: d, cluster: { server: https://two } }]
users: [{ name: u, user: { token: ${token} } }, { name: v, user: { token: other } }]
contexts: [{ name: x, context: { cluster: c, user: u } }, { name: y, context: { cluster: d, user: v } }]
current-context: ${current}
`;
    write(two('x', 'first'));
    const access = clusterAccess(path());
    write(two('y', 'second'));
    later();
    expect(await access.credentials?.()).toMatchObject({ token: 'second' });
    expect(access.server).toBe('https://one');
  });

  it('may be several files, of which the first that says something counts', async () => {
    const other = join(directory, 'other');
    writeFileSync(other, config('token: t', 'server: https://there').replace('current-context: x', ''));
    write('current-context: x');
    const access = clusterAccess([join(directory, 'none'), path(), other].join(':'));
    expect(access.server).toBe('https://there');
    expect(await access.credentials?.()).toMatchObject({ token: 't' });
  });
});

describe('a plugin of a kubeconfig', () => {
  const API = 'client.authentication.k8s.io/v1';
  const made = (script: string, more = ''): string => {
    const path = join(directory, 'kubeconfig');
    writeFileSync(join(directory, 'plugin'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    writeFileSync(path, config(`exec: { apiVersion: ${API}, command: ./plugin, args: [a b], ${more} }`));
    return path;
  };
  const answer = (status: string): string =>
    `echo '{"apiVersion":"${API}","kind":"ExecCredential","status":{${status}}}'`;

  it('is asked once, and again when its credential has ended or was refused', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const count = 'n=$(cat "$0.n" 2>/dev/null || echo 0); n=$((n+1)); echo $n > "$0.n"';
    const status = `"token":"'$n'","expirationTimestamp":"${soon}"`;
    const access = clusterAccess(made(`${count}; ${answer(status)}`));
    const all = await Promise.all([1, 2, 3].map(() => access.credentials?.()));
    expect(all.map((each) => each?.token)).toEqual(['1', '1', '1']);
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    vi.setSystemTime(Date.now() + 61_000);
    const second = await access.credentials?.();
    expect(second?.token).toBe('2');
    vi.setSystemTime(Date.now() - 61_000);
    vi.advanceTimersByTime(11_000);
    // Whoever was refused with the older one takes the newer one.
    expect((await access.credentials?.(all[0]))?.token).toBe('2');
    expect((await access.credentials?.(second))?.token).toBe('3');
    vi.useRealTimers();
  });

  it('is told of the cluster where the kubeconfig says so, and nothing that is ours', async () => {
    process.env['CLUSTER_TOKEN'] = 'ours';
    const script = 'echo "$1 $THEIRS [$CLUSTER_TOKEN] $KUBERNETES_EXEC_INFO" > "$0.told";';
    const more = 'provideClusterInfo: true, env: [{ name: THEIRS, value: given }]';
    await clusterAccess(made(`${script} ${answer('"token":"t"')}`, more)).credentials?.();
    delete process.env['CLUSTER_TOKEN'];
    const told = readFileSync(join(directory, 'plugin.told'), 'utf8');
    expect(told).toMatch(/^a b given \[\] \{/);
    expect(JSON.parse(told.slice(told.indexOf('{')))).toMatchObject({
      ...{ kind: 'ExecCredential', apiVersion: API },
      spec: { interactive: false, cluster: { server: 'https://api:6443' } },
    });
  });

  it('that fails, or answers something else, is named with what it said', async () => {
    const of = (script: string) => clusterAccess(made(script)).credentials?.();
    await expect(of('echo "no session" >&2; exit 3')).rejects.toThrow(
      '"./plugin" gave no credential: no session',
    );
    await expect(of('exit 3')).rejects.toThrow('exit code 3');
    await expect(of('echo hello')).rejects.toThrow('no ExecCredential');
    await expect(of(answer(''))).rejects.toThrow('neither a token nor a certificate');
    await expect(of(answer('"clientCertificateData":"c"'))).rejects.toThrow('without its key');
  });
});

describe('the service account of a Pod', () => {
  it('is found by the environment, and its token is read from its file', () => {
    writeFileSync(join(directory, 'token'), 'first\n');
    writeFileSync(join(directory, 'ca.crt'), 'CA');
    const access = inCluster(
      { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' },
      directory,
    );
    expect(access.server).toBe('https://[fd00::1]:6443');
    expect(access.token()).toBe('first');
  });

  it('says what to set outside of a Pod', () => {
    expect(() => inCluster({}, directory)).toThrow(/set KUBECONFIG/);
  });
});
