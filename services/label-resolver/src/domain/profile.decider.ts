/**
 * One container workload profile: whether a namespace is managed, its mode, and how each label type is given. A cluster's
 * template has no namespace; new namespaces copy it. Prepared profiles may wait for a namespace that does not exist yet.
 */
import type { LabelAssignment, ProfileState } from '@ringfence/contracts';
import { isSameValue, reject } from '@ringfence/decider';
import type { Decider, Decision } from '@ringfence/decider';

/** Contracts' ProfileState and, beyond it, what decides about its life. */
export interface Profile extends ProfileState {
  readonly isTemplate: boolean;
  /** Kubelink's namespace made it; nobody prepared it. */
  readonly isDiscovered: boolean;
  readonly visibilityLevel: string;
  /** The hash of the key by which a namespace binds itself to it. */
  readonly pairingKey?: string;
  /** Its namespace presents another key than that of a profile that waits for one. */
  readonly refusesKey?: boolean;
}
export type ProfileEvent =
  | { readonly type: 'ProfileCreated'; readonly data: Profile }
  | { readonly type: 'ProfileChanged'; readonly data: Profile }
  | { readonly type: 'ProfileDeleted'; readonly data: { readonly id: string } };

/** The live labels that the command names, by id, and the live label types: a profile refers to nothing else. */
export interface KnownLabels {
  readonly types: readonly string[];
  readonly keyOf: Readonly<Record<string, string>>;
}
export type ProfileChange = Partial<
  Pick<Profile, 'name' | 'description' | 'managed' | 'mode' | 'assignments' | 'visibilityLevel'>
>;
export type ProfileCommand =
  | { readonly type: 'create-template'; readonly id: string; readonly cluster: string }
  | {
      readonly type: 'discover';
      readonly id: string;
      readonly namespace: string;
      readonly template: Profile;
      /** The hash of the key that the namespace presents, if it presents any. */
      readonly key?: string;
    }
  /** The namespace presents its key. */
  | { readonly type: 'bind'; readonly namespace: string }
  | { readonly type: 'prepare'; readonly profile: Profile; readonly known: KnownLabels }
  | { readonly type: 'change'; readonly change: ProfileChange; readonly known: KnownLabels }
  | { readonly type: 'namespace-vanished'; readonly template: Profile }
  | { readonly type: 'delete' }
  /** With its cluster, or because its namespace has bound itself to another one. */
  | { readonly type: 'end' };
export interface ProfileAggregate {
  readonly profile: Profile | null;
}

const TEMPLATE_NAME = 'Default Profile';
const NEW_PROFILE = {
  description: '',
  managed: false,
  mode: 'visibility_only',
  assignments: {},
  visibilityLevel: 'flow_summary',
} as const satisfies Partial<Profile>;

function labelsOf(assignment: LabelAssignment): readonly string[] {
  if (assignment.how === 'fixed') return [assignment.label];
  return assignment.how === 'restricted' ? assignment.labels : [];
}

function refuseAssignments(
  assignments: Profile['assignments'],
  known: KnownLabels,
): ReturnType<typeof reject> | null {
  for (const [key, assignment] of Object.entries(assignments)) {
    if (!known.types.includes(key))
      return reject('input-validation-error', `labels: there is no label type "${key}"`, 'INVALID_ARGUMENT');
    for (const label of labelsOf(assignment)) {
      const actual = known.keyOf[label];
      if (actual === undefined)
        return reject('input-validation-error', `labels: there is no label ${label}`, 'INVALID_ARGUMENT');
      if (actual !== key)
        return reject(
          'input-validation-error',
          `labels: label ${label} is of type "${actual}", not "${key}"`,
          'INVALID_ARGUMENT',
        );
    }
  }
  return null;
}

function discover(
  current: Profile | null,
  command: Extract<ProfileCommand, { type: 'discover' }>,
): Decision<ProfileEvent> {
  const { template, namespace, id, key } = command;
  const isRefused = key !== undefined && key !== current?.pairingKey;
  if (current !== null) {
    const { refusesKey: _, ...rest } = current;
    return changeTo(current, { ...rest, linked: true, ...(isRefused && { refusesKey: true }) });
  }
  const ofTemplate = Object.keys(template.assignments);
  const inherited = {
    ...template,
    ...{ id, namespace, name: namespace, description: '' },
    ...{ linked: true, isTemplate: false, isDiscovered: true },
    ...(ofTemplate.length > 0 && { ofTemplate }),
    // Whatever the template says: a wrong key is no reason to manage it.
    ...(isRefused && { refusesKey: true, managed: false }),
  };
  return [{ type: 'ProfileCreated', data: inherited }];
}

/** What somebody assigned himself is not the template's any more. */
function changed(current: Profile, change: ProfileChange): Profile {
  const { assignments = current.assignments } = change;
  const ofTemplate = current.ofTemplate?.filter((key) =>
    isSameValue(assignments[key], current.assignments[key]),
  );
  return { ...current, ...change, ...(ofTemplate && { ofTemplate }) };
}

function changeTo(current: Profile, changed: Profile): Decision<ProfileEvent> {
  return isSameValue(current, changed) ? [] : [{ type: 'ProfileChanged', data: changed }];
}

/** What somebody set up is kept for the day the namespace comes back; what nobody touched goes with it. */
function namespaceVanished(current: Profile, template: Profile): Decision<ProfileEvent> {
  const inherits = (['managed', 'mode', 'assignments'] as const).every((field) =>
    isSameValue(current[field], template[field]),
  );
  if (current.isDiscovered && inherits) return [{ type: 'ProfileDeleted', data: { id: current.id } }];
  return changeTo(current, { ...current, linked: false });
}

function decideExisting(current: Profile, command: ProfileCommand): Decision<ProfileEvent> {
  switch (command.type) {
    case 'change':
      return (
        refuseAssignments(command.change.assignments ?? {}, command.known) ??
        changeTo(current, changed(current, command.change))
      );
    case 'prepare':
      return reject(
        'container-workload-profile-namespace-must-be-unique',
        `the namespace "${current.namespace}" has a profile`,
        'ALREADY_EXISTS',
      );
    case 'namespace-vanished':
      return namespaceVanished(current, command.template);
    case 'delete':
      if (current.isTemplate)
        return reject('container-workload-profile-is-template', 'the default profile of a cluster stays');
      if (current.linked)
        return reject(
          'container-workload-profile-linked',
          `the namespace "${current.namespace}" exists and needs its profile`,
        );
      return [{ type: 'ProfileDeleted', data: { id: current.id } }];
    case 'end':
      return [{ type: 'ProfileDeleted', data: { id: current.id } }];
    default:
      return [];
  }
}

function decide({ profile }: ProfileAggregate, command: ProfileCommand): Decision<ProfileEvent> {
  if (command.type === 'discover') return discover(profile, command);
  if (command.type === 'bind')
    return profile === null
      ? []
      : changeTo(profile, { ...profile, namespace: command.namespace, linked: true });
  if (profile !== null) return decideExisting(profile, command);
  if (command.type === 'create-template') {
    const { id, cluster } = command;
    const identity = {
      id,
      cluster,
      namespace: null,
      name: TEMPLATE_NAME,
      linked: false,
      isTemplate: true,
      isDiscovered: false,
    };
    return [{ type: 'ProfileCreated', data: { ...NEW_PROFILE, ...identity } }];
  }
  if (command.type === 'prepare') {
    return (
      refuseAssignments(command.profile.assignments, command.known) ?? [
        { type: 'ProfileCreated', data: command.profile },
      ]
    );
  }
  if (command.type === 'change' || command.type === 'delete')
    return reject('not-found-error', 'there is no such container workload profile', 'NOT_FOUND');
  return [];
}

export const profileDecider: Decider<ProfileAggregate, ProfileCommand, ProfileEvent> = {
  initial: { profile: null },
  decide,
  evolve: (_, event) => ({ profile: event.type === 'ProfileDeleted' ? null : event.data }),
};
