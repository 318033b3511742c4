/** What a person asks of a cluster with kubectl: who may do what, and what a kind is made of. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubectlCluster } from './testing/kubectl-cluster.js';

const gadgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Gadget, plural: gadgets }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          description: Something with a handle.
          properties:
            spec:
              type: object
              properties:
                handles:
                  type: array
                  items:
                    type: object
                    required: [length]
                    properties: { length: { type: integer, description: In millimetres. } }
`;

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
    expect(await canI('delete', 'deployments.apps')).toBe('yes');
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

describe('kubectl create of a review', () => {
  it('gives the answer, and keeps nothing', async () => {
    const file = join(world.folder, 'review.yaml');
    const spec = '{ user: ann, resourceAttributes: { verb: get, resource: pods } }';
    await writeFile(file, `apiVersion: authorization.k8s.io/v1\nkind: SubjectAccessReview\nspec: ${spec}\n`);
    expect(await kubectl('create', '-f', file, '-o', 'jsonpath={.status.allowed}')).toBe('false');
    await expect(kubectl('get', 'subjectaccessreviews')).rejects.toThrow('does not allow this method');
  });
});

describe('kubectl explain', () => {
  const explained = async (...words: string[]): Promise<string> =>
    (await kubectl('explain', ...words)).replace(/\s+/g, ' ');

  it('describes the built-in kinds and their fields', async () => {
    const deployment = await explained('deployment');
    expect(deployment).toMatch(/^GROUP: apps KIND: Deployment VERSION: v1 DESCRIPTION: Deployment enables/);
    expect(deployment).toContain('spec <DeploymentSpec>');
    expect(await explained('pod.spec.containers.ports')).toContain('containerPort <integer> -required-');
    expect(await explained('service.spec.selector')).toContain('FIELD: selector <map[string]string>');
    expect(await explained('pod.spec.containers.livenessProbe.httpGet.port')).toContain('<IntOrString>');
    expect(await explained('networkpolicies.networking.k8s.io')).toContain('spec <NetworkPolicySpec>');
    expect(await explained('ingress', '--recursive')).toContain('ingressClassName <string>');
    await expect(kubectl('explain', 'pod.spec.nothing')).rejects.toThrow('field "nothing" does not exist');
  });

  it('describes a custom kind by its definition', async () => {
    await world.apply(gadgets);
    expect(await explained('gadget')).toContain('DESCRIPTION: Something with a handle.');
    expect(await explained('gadget.spec.handles')).toContain('length <integer> -required- In millimetres.');
    expect(await explained('gadget.metadata.name')).toContain('Name must be unique');
  });
});
