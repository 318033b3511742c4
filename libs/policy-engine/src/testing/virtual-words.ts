/** What rules mean by virtual services, in plain words; beside words.ts, for the same oracle. */
import type { PortRange, Rule, ServiceBinding, VirtualService } from '@ringfence/contracts';
import { portsInWords } from './spoken-numbers.js';
import { meetsAll, meetsScope, NOBODY } from './spoken-side.js';
import type { SpokenEnd, SpokenSide } from './spoken-side.js';
import type { World } from './world.js';

export const portsOfService = (world: World, id: string): readonly PortRange[] =>
  world.objects.services.find((one) => one.id === id)?.ports ?? [];

export type Meaning = Rule['resolveProvidersAs'];

/** Does the side mean, by labels or `ams`, a virtual service or Service with these? */
export function meansVirtually(
  world: World,
  side: SpokenSide,
  meaning: Meaning,
  labelled: { readonly labels: string[] },
): boolean {
  if (!meaning.includes('virtual_services') || !meetsScope(world, side, labelled)) return false;
  if (side.actors.some((actor) => actor.kind === 'ams')) return true;
  const labels = side.actors.filter((actor) => actor.kind === 'label' || actor.kind === 'label_group');
  return labels.length > 0 && meetsAll(world, labels, labelled);
}

function meant(world: World, side: SpokenSide, meaning: Meaning): VirtualService[] {
  return world.objects.virtual_services
    .filter((service) => {
      if (!meetsScope(world, side, service)) return false;
      if (side.actors.some((actor) => actor.kind === 'virtual_service' && actor.id === service.id))
        return true;
      return meansVirtually(world, side, meaning, service);
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const bindingsOf = (world: World, { id }: VirtualService): ServiceBinding[] =>
  world.objects.service_bindings.filter(({ virtualService }) => virtualService === id);

/** For each virtual service, by its ports, who answers and where others ask. */
export function virtualProviders(
  world: World,
  side: SpokenSide,
  meaning: Meaning,
): (SpokenEnd & { ports: readonly PortRange[] })[] {
  return meant(world, side, meaning).flatMap((service) => {
    const own = service.service === null ? service.ports : portsOfService(world, service.service);
    const hasOverrides = service.overrides.length > 0;
    const answers = [
      ...bindingsOf(world, service).map((binding) => ({
        ports: own.map((range) => moved(range, binding)),
        at: [binding.workload],
        bound: hasOverrides ? [] : [binding.workload],
        cidrs: [] as string[],
      })),
      ...service.overrides.map((cidr) => ({ ports: own, at: [], bound: [], cidrs: [cidr] })),
      ...service.addresses.map(({ ip, port }) => ({
        ports: port === undefined ? own : onePort(own, port),
        at: [],
        bound: [],
        cidrs: ip === undefined ? [] : [ip],
      })),
    ].map((answer) => ({ ...answer, text: portsInWords(answer.ports).join() }));
    const texts = [...new Set(answers.map(({ text }) => text))];
    return texts
      .filter((text) => text !== '')
      .map((text) => {
        const same = answers.filter((answer) => answer.text === text);
        return {
          at: { ...NOBODY, bound: same.flatMap(({ at }) => at) },
          peers: {
            ...NOBODY,
            bound: same.flatMap(({ bound }) => bound),
            cidrs: same.flatMap(({ cidrs }) => cidrs),
          },
          ports: same[0]!.ports,
        };
      });
  });
}

/** The workloads behind all of them together, and where they are seen. */
export function virtualConsumers(world: World, side: SpokenSide, meaning: Meaning): SpokenEnd[] {
  const services = meant(world, side, meaning);
  const bound = services.flatMap((service) =>
    bindingsOf(world, service).map(({ workload }) => ({ workload, overrides: service.overrides })),
  );
  if (bound.length === 0) return [];
  return [
    {
      at: { ...NOBODY, bound: bound.map(({ workload }) => workload) },
      peers: {
        ...NOBODY,
        bound: bound.filter(({ overrides }) => overrides.length === 0).map(({ workload }) => workload),
        cidrs: bound.flatMap(({ overrides }) => overrides),
      },
    },
  ];
}

function moved(range: PortRange, { portOverrides }: ServiceBinding): PortRange {
  const override = portOverrides.find(({ proto, from }) => proto === range.proto && from === range.from);
  if (override === undefined) return range;
  const last =
    override.newTo ?? Math.min(65_535, override.newFrom + (range.to ?? override.from) - override.from);
  return { proto: range.proto, from: override.newFrom, to: last };
}

const onePort = (own: readonly PortRange[], port: number): PortRange[] =>
  [6, 17]
    .filter((proto) => own.some((range) => range.proto === proto || range.proto === -1))
    .map((proto) => ({ proto, from: port }));
