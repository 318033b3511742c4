import { specification } from '@ringfence/decider/testing';
import { describe, it } from 'vitest';
import { containerClusterDecider } from './container-cluster.decider.js';
import type { ContainerClusterEvent } from './container-cluster.decider.js';

const cluster = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'one',
  description: '',
  datacenterNat1to1: false,
};
const created: ContainerClusterEvent = { type: 'ContainerClusterCreated', data: cluster };
const spec = specification(containerClusterDecider);

describe('a container cluster', () => {
  it('is created under a name of its own', () => {
    spec.given().when({ type: 'create', cluster, nameTaken: false }).then(created);
    spec
      .given()
      .when({ type: 'create', cluster, nameTaken: true })
      .rejected('container-cluster-name-must-be-unique');
  });
  it('changes only what differs', () => {
    spec
      .given(created)
      .when({ type: 'change', change: { description: 'x' }, nameTaken: false })
      .then({ type: 'ContainerClusterChanged', data: { ...cluster, description: 'x' } });
    spec
      .given(created)
      .when({ type: 'change', change: { name: 'one' }, nameTaken: false })
      .nothing();
  });
  it('is not deleted while agents are connected', () => {
    spec
      .given(created)
      .when({ type: 'delete', connectedAgents: ['node-1'] })
      .rejected('container-cluster-has-connected-agents');
    spec
      .given(created)
      .when({ type: 'delete', connectedAgents: [] })
      .then({ type: 'ContainerClusterDeleted', data: { id: cluster.id } });
  });
  it('is unknown before it is created and after it is deleted', () => {
    spec.given().when({ type: 'delete', connectedAgents: [] }).rejected('not-found-error');
    spec
      .given(created, { type: 'ContainerClusterDeleted', data: { id: cluster.id } })
      .when({ type: 'change', change: {}, nameTaken: false })
      .rejected('not-found-error');
  });
});
