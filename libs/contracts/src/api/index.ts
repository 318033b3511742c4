/**
 * Every collection of the REST API by its word. A collection's file (`api/<collection>.ts`) exports its own part as
 * `…Collections satisfies CollectionContracts`; this list joins them.
 */
import { apiKeyCollections } from './api-keys.js';
import type { CollectionContracts } from './collection.js';
import { containerClusterCollections } from './container_clusters.js';
import { containerWorkloadProfileCollections } from './container_workload_profiles.js';
import { enforcementBoundaryCollections } from './enforcement_boundaries.js';
import { firewallSettingsCollections } from './firewall_settings.js';
import { gatewayCollections } from './health.js';
import { ipListCollections } from './ip_lists.js';
import { kubernetesWorkloadCollections } from './kubernetes_workloads.js';
import { labelDimensionCollections } from './label_dimensions.js';
import { labelGroupCollections } from './label_groups.js';
import { labelCollections } from './labels.js';
import { pairingProfileCollections } from './pairing_profiles.js';
import { ruleSetCollections } from './rule_sets.js';
import { secPolicyCollections } from './sec_policy.js';
import { serviceCollections } from './services.js';
import { trafficFlowCollections } from './traffic-flows.js';
import { venCollections } from './vens.js';
import { virtualServiceCollections } from './virtual_services.js';
import { workloadSettingsCollections } from './workload_settings.js';
import { workloadCollections } from './workloads.js';

export const API: CollectionContracts = {
  ...apiKeyCollections,
  ...containerClusterCollections,
  ...containerWorkloadProfileCollections,
  ...enforcementBoundaryCollections,
  ...firewallSettingsCollections,
  ...gatewayCollections,
  ...ipListCollections,
  ...kubernetesWorkloadCollections,
  ...labelDimensionCollections,
  ...labelGroupCollections,
  ...labelCollections,
  ...pairingProfileCollections,
  ...ruleSetCollections,
  ...secPolicyCollections,
  ...serviceCollections,
  ...trafficFlowCollections,
  ...venCollections,
  ...virtualServiceCollections,
  ...workloadSettingsCollections,
  ...workloadCollections,
};
