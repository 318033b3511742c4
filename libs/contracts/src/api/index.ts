/**
 * Every collection of the REST API by its word. A collection's file (`api/<collection>.ts`) exports its own part as
 * `…Collections satisfies CollectionContracts`; this list joins them.
 */
import { absentCollections } from './absent.js';
import { accessCollections } from './access.js';
import { accessRestrictionCollections } from './access-restrictions.js';
import { apiKeyCollections } from './api-keys.js';
import type { CollectionContracts } from './collection.js';
import { containerClusterCollections } from './container-clusters.js';
import { containerWorkloadProfileCollections } from './container-workload-profiles.js';
import { enforcementBoundaryCollections } from './enforcement-boundaries.js';
import { eventCollections } from './events.js';
import { firewallSettingsCollections } from './firewall-settings.js';
import { gatewayCollections } from './gateway.js';
import { ipListCollections } from './ip-lists.js';
import { kubernetesWorkloadCollections } from './kubernetes-workloads.js';
import { labelDimensionCollections } from './label-dimensions.js';
import { labelGroupCollections } from './label-groups.js';
import { labelCollections } from './labels.js';
import { networkCollections } from './networks.js';
import { pairingProfileCollections } from './pairing-profiles.js';
import { ruleSetCollections } from './rule-sets.js';
import { secPolicyCollections } from './sec-policy.js';
import { serviceAccountCollections } from './service-accounts.js';
import { serviceCollections } from './services.js';
import { securityPrincipalCollections } from './security-principals.js';
import { serviceBindingCollections } from './service-bindings.js';
import { settingsCollections } from './settings.js';
import { trafficCollectorCollections } from './traffic-collector.js';
import { supportReportCollections } from './support-reports.js';
import { syslogDestinationCollections } from './syslog-destinations.js';
import { trafficFlowCollections } from './traffic-flows.js';
import { userCollections } from './users.js';
import { venCollections } from './vens.js';
import { virtualServiceCollections } from './virtual-services.js';
import { workloadSettingsCollections } from './workload-settings.js';
import { workloadCollections } from './workloads.js';

export const API: CollectionContracts = {
  ...absentCollections,
  ...accessCollections,
  ...accessRestrictionCollections,
  ...apiKeyCollections,
  ...containerClusterCollections,
  ...containerWorkloadProfileCollections,
  ...enforcementBoundaryCollections,
  ...eventCollections,
  ...firewallSettingsCollections,
  ...gatewayCollections,
  ...ipListCollections,
  ...kubernetesWorkloadCollections,
  ...labelDimensionCollections,
  ...labelGroupCollections,
  ...labelCollections,
  ...networkCollections,
  ...pairingProfileCollections,
  ...ruleSetCollections,
  ...secPolicyCollections,
  ...securityPrincipalCollections,
  ...serviceBindingCollections,
  ...serviceAccountCollections,
  ...settingsCollections,
  ...serviceCollections,
  ...trafficCollectorCollections,
  ...supportReportCollections,
  ...syslogDestinationCollections,
  ...trafficFlowCollections,
  ...userCollections,
  ...venCollections,
  ...virtualServiceCollections,
  ...workloadSettingsCollections,
  ...workloadCollections,
};
