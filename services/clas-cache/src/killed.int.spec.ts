/** What a node was told stays told: by whoever follows a clas-cache that was killed, with no control plane to tell it again. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Bus } from '@ringfence/bus';
import { NodeViewMessage, subjects } from '@ringfence/contracts';
import type { NodeView } from '@ringfence/contracts';
import { askForView, viewOf } from '@ringfence/edge';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { publishPolicy, startGateway } from './testing/control-plane.js';
import type { Gateway } from './testing/control-plane.js';
import { allow, CLUSTER, groups, units, WEB } from './testing/facts.js';
import { tellLists } from './testing/secured-cluster.js';
import { startClas } from './testing/started-clas.js';
import { startTwoServers } from './testing/two-servers.js';
import type { TwoServers } from './testing/two-servers.js';

let servers: TwoServers;
let clusterNats: NatsServer;
let controlNats: NatsServer;
let gateway: Gateway;
let cluster: Bus;
let control: Bus;
let directory: string;
let clas: HostedProcess;

const start = (disk: string): Promise<HostedProcess> =>
  startClas({
    GATEWAY_URL: gateway.url,
    NATS_URL: clusterNats.url,
    RINGFENCE_PORT: '0',
    RINGFENCE_DATA_DIR: join(directory, disk),
  });
const isReady = async (): Promise<boolean> => (await fetch(`${clas.managementUrl}/readyz`)).status === 200;
const egressOfWeb = ({ units: told }: NodeView): number | undefined =>
  told.upsert.find(({ labelSet }) => labelSet.id === WEB.id)?.egress.length;
/** web may reach db, or nobody. */
const revoked = units.map((unit) => ({ ...unit, ingress: [], egress: [] }));
const [webUnit] = units as [(typeof units)[0]];
const widened = [{ ...webUnit, egress: [...webUnit.egress, allow(groups[0]!.id, 80)] }, ...units.slice(1)];

beforeAll(async () => {
  servers = await startTwoServers();
  ({ clusterNats, controlNats, cluster, control, directory } = servers);
  gateway = await startGateway(controlNats.url);
  clas = await start('disk');
  await publishPolicy(control, 1);
  await tellLists(cluster);
  await eventually(isReady);
  expect(egressOfWeb(await askForView(cluster, 'node-1'))).toBe(1);
});
afterAll(async () => {
  await clas.stop();
  await gateway.close();
  await servers.close();
});

it('is told again as it was at last, when it was killed in the moment of telling', async () => {
  const told: number[] = [];
  // What a kill leaves on the disk: all that was written when the node had heard it.
  const subscription = cluster.subscribe(subjects.nodeView(CLUSTER, 'node-1'), ({ payload }) => {
    const { policyVersion } = viewOf(NodeViewMessage.parse(payload))!;
    if (policyVersion === 1 || told.includes(policyVersion)) return;
    cpSync(join(directory, 'disk'), join(directory, `disk-${policyVersion}`), { recursive: true });
    told.push(policyVersion);
  });
  await publishPolicy(control, 2, { units: widened, groups });
  await eventually(() => told.includes(2));
  await publishPolicy(control, 3, { units: revoked, groups });
  await eventually(() => told.includes(3));
  subscription.close();
  await clas.stop();
  await gateway.close();
  await controlNats.stop();
  for (const [version, egress] of [
    [2, 2],
    [3, 0],
  ] as const) {
    clas = await start(`disk-${version}`);
    await eventually(isReady);
    const view = await askForView(cluster, 'node-1');
    expect([view.policyVersion, egressOfWeb(view)]).toEqual([version, egress]);
    await clas.stop();
  }
  await controlNats.start();
  gateway = await startGateway(controlNats.url, Number(new URL(gateway.url).port));
  clas = await start('disk-2');
  await eventually(
    async () => (await isReady()) && (await askForView(cluster, 'node-1')).policyVersion === 3,
  );
});
