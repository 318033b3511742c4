/** Features that clients of the API know by name. What is here is always on; the others concern what this server is not for. */
import type { OptionalFeature } from '@ringfence/contracts';

const HERE = ['container_cluster_label_set_based_kubernetes_workload_instructions'];
const NOT_HERE = [
  'agent_policy_delivery_metrics',
  'cloudsecure_enabled',
  'collector_scanner_filters',
  'core_insights',
  'corporate_ips_groups',
  'editable_dhcp_client_rule',
  'editable_dns_client_rule',
  'hybrid_policy',
  'illumination_classic',
  'ip_forwarding_firewall_setting',
  'label_based_network_detection',
  'labels_editing_warning_for_enforcement_mode',
  'lightning_default',
  'per_rule_flow_log_setting',
  'policy_perspective_externalization',
  'quarantine_policy',
  'ransomware_readiness_dashboard',
  'rule_based_label_mapping',
  'rule_info_exposure_to_syslog',
  'ugm_support',
  'ui_analytics',
  'ven_ingestion',
  'windows_outbound_process_enforcement',
  'workload_usages_enabled',
];

const feature = (name: string, enabled: boolean): OptionalFeature => ({ name, enabled, preview: false });

export const OPTIONAL_FEATURES: readonly OptionalFeature[] = [
  ...HERE.map((name) => feature(name, true)),
  ...NOT_HERE.map((name) => feature(name, false)),
];
