/** The parts that rules, deny rules, boundaries and settings share: the actors of a side, the services between them, scopes. */
import { z } from 'zod';
import { Port } from '../network.js';
import { Reference } from './href.js';

const SUBJECTS = [
  'actors',
  'label',
  'label_group',
  'workload',
  'virtual_service',
  'virtual_server',
  'ip_list',
] as const;

/** One entry of a rule's side: exactly one of the references, or one of the words. */
export const ActorBody = z
  .strictObject({
    actors: z.enum(['ams', 'container_host']).optional(),
    label: Reference.optional(),
    label_group: Reference.optional(),
    workload: Reference.optional(),
    virtual_service: Reference.optional(),
    virtual_server: Reference.optional(),
    ip_list: Reference.optional(),
    /** Clients send `false` everywhere; `true` only counts on labels and label groups. */
    exclusion: z.boolean().optional(),
  })
  .refine((actor) => SUBJECTS.filter((subject) => actor[subject] !== undefined).length === 1, {
    message: `must name exactly one of ${SUBJECTS.join(', ')}`,
  });
export type ActorBody = z.infer<typeof ActorBody>;

const PortsBody = z.strictObject({
  proto: z.union([z.literal(6), z.literal(17)]),
  /** Without one: every port of the protocol. */
  port: Port.nullish(),
  to_port: Port.nullish(),
});

/** A service by reference (clients also send the whole object), or TCP or UDP ports in place. */
export const IngressServiceBody = z.union([Reference, PortsBody]);
export type IngressServiceBody = z.infer<typeof IngressServiceBody>;

export const Actors = z.array(ActorBody).min(1).max(1_000);
export const IngressServices = z.array(IngressServiceBody).max(1_000);
export const NetworkType = z.enum(['brn', 'non_brn', 'all']);

export const ScopeEntryBody = z
  .strictObject({
    label: Reference.optional(),
    label_group: Reference.optional(),
    exclusion: z.boolean().nullish(),
  })
  .refine((entry) => (entry.label === undefined) !== (entry.label_group === undefined), {
    message: 'must name exactly one of label, label_group',
  });
export type ScopeEntryBody = z.infer<typeof ScopeEntryBody>;
export const Scopes = z.array(z.array(ScopeEntryBody).max(50)).max(500);
