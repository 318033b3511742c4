/** What rules mean by Services of the cluster, in plain words; beside words.ts, for the same oracle. */
import type { PortRange } from '@ringfence/contracts';
import { NOBODY } from './spoken-side.js';
import type { SpokenEnd, SpokenSide } from './spoken-side.js';
import { meansVirtually } from './virtual-words.js';
import type { Meaning } from './virtual-words.js';
import type { ServiceInWorld, World } from './world.js';

const meant = (world: World, side: SpokenSide, meaning: Meaning): ServiceInWorld[] =>
  (world.services ?? []).filter(({ labelSet }) => meansVirtually(world, side, meaning, labelSet));

type Backend = ServiceInWorld['backends'][number];

/** The workload of a Pod of the Service's own namespace. */
function memberAt(world: World, service: ServiceInWorld, { address }: Backend): string | null {
  const owner = world.endpoints.find((one) => one.addresses.includes(address));
  const its = world.labelSets.find(({ labelSet }) => labelSet.id === owner?.labelSet)?.labelSet;
  return its?.class === 'pod' && its.namespace === service.labelSet.namespace ? owner!.workload : null;
}

function judgesForItself(world: World, { address }: Backend): boolean {
  const owner = world.endpoints.find((one) => one.addresses.includes(address));
  const its = world.labelSets.find(({ labelSet }) => labelSet.id === owner?.labelSet);
  return its?.labelSet.class === 'pod' && its.mode === 'full';
}

/** By protocol and port: who answers there, and what others ask for. */
export function serviceProviders(
  world: World,
  side: SpokenSide,
  meaning: Meaning,
): (SpokenEnd & { ports: readonly PortRange[] })[] {
  const said: { proto: number; port: number; workload?: string; addresses?: readonly string[] }[] = [];
  for (const service of meant(world, side, meaning)) {
    service.ports.forEach(({ proto, port }, index) => {
      const behind = service.backends.filter(({ portIndex }) => portIndex === index);
      const members = behind.filter((one) => memberAt(world, service, one) !== null);
      const others = behind.filter((one) => memberAt(world, service, one) === null);
      for (const one of members)
        said.push({ proto, port: one.targetPort, workload: memberAt(world, service, one)! });
      if (members.length > 0 && others.every((one) => judgesForItself(world, one)))
        said.push({ proto, port, addresses: service.clusterIps });
    });
  }
  const places = [...new Set(said.map(({ proto, port }) => `${proto} ${port}`))];
  return places.map((place) => {
    const here = said.filter(({ proto, port }) => `${proto} ${port}` === place);
    const bound = here.flatMap(({ workload }) => workload ?? []);
    const cidrs = here.flatMap(({ addresses }) => addresses ?? []);
    const [{ proto, port }] = here as [(typeof here)[number]];
    const ports = [{ proto, from: port }];
    return { at: { ...NOBODY, bound }, peers: { ...NOBODY, bound, cidrs }, ports };
  });
}

/** Everybody behind them. */
export function serviceConsumers(world: World, side: SpokenSide, meaning: Meaning): SpokenEnd[] {
  const bound = meant(world, side, meaning).flatMap((service) =>
    service.backends
      .filter(({ portIndex }) => portIndex < service.ports.length)
      .flatMap((one) => memberAt(world, service, one) ?? []),
  );
  const end = { ...NOBODY, bound };
  return bound.length === 0 ? [] : [{ at: end, peers: end }];
}
