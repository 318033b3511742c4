/** What a person asks of a cluster with kubectl: who may do what. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubectlCluster } from './testing/kubectl-cluster.js';

let world: KubectlCluster;
const kubectl = (...words: string[]): Promise<string> => world.kubectl(...words);

beforeAll(async () => {
  world = await KubectlCluster.start();
});
afterAll(() => world.close());

describe('kubectl auth', () => {
  const robot = ['-n', 'shop', '--as', 'system:serviceaccount:shop:robot'];
  const canI = async (...words: string[]): Promise<string> => {
    try {
      return (await kubectl('auth', 'can-i', ...words)).trim();
    } catch (error) {
      // "no" is its exit code, too.
      return (error as { stdout: string }).stdout.trim();
    }
  };

  it('says what roles and bindings say', async () => {
    await kubectl('create', 'namespace', 'shop');
    await kubectl('-n', 'shop', 'create', 'serviceaccount', 'robot');
    expect(await canI('list', 'pods', ...robot)).toBe('no');
    await kubectl('-n', 'shop', 'create', 'role', 'reader', '--verb=get,list', '--resource=pods,pods/log');
    await kubectl(
      ...['-n', 'shop', 'create', 'rolebinding', 'reader', '--role=reader', '--serviceaccount=shop:robot'],
    );
    expect(await canI('list', 'pods', ...robot)).toBe('yes');
    expect(await canI('get', 'pods', '--subresource=log', ...robot)).toBe('yes');
    expect(await canI('delete', 'pods', ...robot)).toBe('no');
    expect(await canI('list', 'pods', '-A', '--as', 'system:serviceaccount:shop:robot')).toBe('no');
    expect(await canI('get', '/metrics', ...robot)).toBe('no');
    expect(await canI('delete', 'nodes')).toBe('yes');
    expect(await kubectl('auth', 'can-i', '--list', ...robot)).toMatch(
      /pods\/log\s+\[\]\s+\[\]\s+\[get list\]/,
    );
    expect(await kubectl('auth', 'whoami', ...robot)).toContain('system:serviceaccounts:shop');
  });

  it('is held to what it says, with a token as well', async () => {
    await expect(kubectl('get', 'secrets', ...robot)).rejects.toThrow(
      'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:shop:robot" cannot list resource "secrets" in API group "" in the namespace "shop"',
    );
    const token = (await kubectl('-n', 'shop', 'create', 'token', 'robot')).trim();
    const bearer = ['-n', 'shop', `--token=${token}`, '--kubeconfig', await world.kubeconfigWithoutUser()];
    expect(await kubectl('get', 'pods', ...bearer)).toContain('No resources found');
    await expect(kubectl('get', 'nodes', ...bearer)).rejects.toThrow('at the cluster scope');
  });
});
