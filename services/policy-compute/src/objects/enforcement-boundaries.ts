/** Enforcement boundaries: deny rules without a scope, the older form. */
import type { EnforcementBoundaryUpdate } from '@ringfence/contracts';
import { ruleRefs } from '@ringfence/policy-engine';
import { InvalidBody, invalid } from './invalid.js';
import type { ObjectKind } from './object-kind.js';
import { onPort } from './ports.js';
import { denyProblem } from './rules.js';
import { portsIn, readSides, referencesOfSides, showSides } from './sides.js';
import { EXTERNAL_REFERENCE } from './view.js';
import { amongLabels, isHrefOf, labelsNamed, wantedNumber } from './wanted.js';

export const enforcementBoundaries: ObjectKind<'enforcement_boundaries'> = {
  noun: 'enforcement boundary',
  ids: { sequence: 'deny_rules' },
  nameTaken: 'enforcement-boundary-name-in-use',
  referenced: null,
  labelInUse: 'label_still_has_associated_rule_set',
  seeds: [],

  empty: (id) => ({ id, name: '', enabled: true, providers: [], consumers: [], services: [] }),
  // Whose a boundary is is ours: the published form does not say. Shown only where somebody said it.
  extras: ['network_type', ...EXTERNAL_REFERENCE],
  read: (body: EnforcementBoundaryUpdate) => {
    if (body.network_type === 'non_brn')
      throw new InvalidBody('network_type: only brn and all are supported');
    return { ...(body.enabled !== undefined && { enabled: body.enabled }), ...readSides(body) };
  },
  show: ({ object }, view) => ({
    name: object.name,
    enabled: object.enabled,
    ...showSides(object, view),
    network_type: 'brn',
    ...object.extras,
  }),

  filters: {
    labels: ({ providers, consumers }, wanted) =>
      amongLabels(labelsNamed([...providers, ...consumers]), wanted),
    service: ({ services }, wanted) =>
      services.some((service) => service.kind === 'service' && isHrefOf(wanted, 'services', service.id)),
    'service_ports.port': ({ services }, wanted) =>
      onPort(portsIn(services), wantedNumber('service_ports.port', wanted)),
    'service_ports.proto': ({ services }, wanted) =>
      portsIn(services).some(({ proto }) => proto === wantedNumber('service_ports.proto', wanted)),
    network_type: ({ extras }, wanted) => (extras?.['network_type'] ?? 'brn') === wanted,
  },

  normalise: (boundary) => {
    const actors = [...boundary.providers, ...boundary.consumers];
    const hasExclusion = actors.some((actor) => 'exclusion' in actor && actor.exclusion);
    const problem = denyProblem(boundary);
    if (problem === null && hasExclusion)
      return invalid('providers, consumers: a boundary has no exclusions');
    return problem ?? boundary;
  },
  references: referencesOfSides,
  uses: (boundary) => ({ enforcement_boundary: referencesOfSides(boundary) }),
  ruleNames: ({ id, name }) => [[ruleRefs.boundary(id), name]],
};
