import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterAccess, fromKubeconfig, inCluster } from './kubeconfig.js';

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
    expect(text(config('exec: { command: aws }'))).toThrow(
      'my.yaml: the user\'s credential comes from the plugin "aws"',
    );
    expect(text(config('token: t').replace('current-context: x', 'current-context: y'))).toThrow(
      'my.yaml: context "y" is not there',
    );
    expect(text('{')).toThrow('my.yaml is not YAML');
    expect(() => clusterAccess(join(directory, 'none'))).toThrow(/none cannot be read/);
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
