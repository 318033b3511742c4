/** Collections of features that are not here: each is empty, so that clients which read everything read on. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Text } from '../text.js';

const nothing = { item: z.looseObject({ href: Text }) };

export const EMPTY_COLLECTIONS = [
  ...(['virtual_servers', 'slbs', 'discovered_virtual_servers'] as const),
  ...(['network_devices', 'network_enforcement_nodes', 'vulnerabilities', 'vulnerability_reports'] as const),
];

export const absentCollections: CollectionContracts = Object.fromEntries(
  EMPTY_COLLECTIONS.map((collection) => [collection, nothing]),
);
