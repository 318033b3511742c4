/** REST bodies of service bindings: which workloads answer for a virtual service. Made and ended, never changed; effective at once. */
import { z } from 'zod';
import { Port } from '../network.js';
import { Text } from '../text.js';
import type { CollectionContracts } from './collection.js';
import { namedQuery } from './filters.js';
import { externalReference, Href, objectMeta, Reference } from './href.js';

const PortOverride = z.strictObject({
  /** Where a range of the virtual service begins. */
  port: Port,
  proto: z.union([z.literal(6), z.literal(17)]),
  new_port: Port,
  new_to_port: Port.nullish(),
});
const BindingBody = z
  .strictObject({
    virtual_service: Reference,
    workload: Reference.nullish(),
    container_workload: Reference.nullish(),
    port_overrides: z.array(PortOverride).max(1_000).nullish(),
    ...externalReference,
  })
  .refine(({ workload, container_workload: container }) => !workload !== !container, {
    message: 'must have exactly one of workload, container_workload',
  });
export type BindingBody = z.infer<typeof BindingBody>;
/** All of them are made, or none. */
export const ServiceBindingCreate = z.array(BindingBody).min(1).max(1_000);

const ServiceBindingItem = z.looseObject({
  href: Href,
  ...objectMeta,
  virtual_service: z.looseObject({ href: Href }),
  workload: z.looseObject({ href: Href, name: Text, hostname: Text, deleted: z.boolean() }),
  bound_service: Reference.optional(),
  port_overrides: z.array(
    z.looseObject({
      port: z.number(),
      proto: z.number(),
      new_port: z.number(),
      new_to_port: z.number().optional(),
    }),
  ),
  external_data_set: Text.nullish(),
  external_data_reference: Text.nullish(),
});

export const serviceBindingCollections = {
  service_bindings: {
    create: ServiceBindingCreate,
    item: ServiceBindingItem,
    answers: { create: z.array(z.looseObject({ href: Href, status: z.literal('created') })) },
    query: {
      virtual_service: Text.describe('href of the virtual service'),
      workload: Text.describe('href of the workload'),
      external_data_set: namedQuery.external_data_set,
      external_data_reference: namedQuery.external_data_reference,
    },
  },
} as const satisfies CollectionContracts;
