/** Names of label-resolver's streams: `<entity>-<id>`, the entity as in the contracts. */
export const streamOf = {
  label: (id: string): string => `label-${id}`,
  labelType: (id: string): string => `label-type-${id}`,
  profile: (id: string): string => `profile-${id}`,
  entity: (id: string): string => `entity-${id}`,
} as const;
