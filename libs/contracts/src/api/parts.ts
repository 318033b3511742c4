/** What bodies and answers of several collections are made of, by the names under which the OpenAPI document shows it once. */
import type { z } from 'zod';
import { ExplainEnd } from '../calls.js';
import { AdminPort, EnforcementMode, Verdict } from '../network.js';
import { InForce } from '../questions.js';
import { BulkAnswer, BulkBody, BulkRefusals, PrincipalsBulkBody } from './bulk.js';
import { PolicyProgressView } from './container-clusters.js';
import { Reference } from './href.js';
import { IptablesRuleBody } from './iptables-rules.js';
import { ActorBody, IngressServiceBody, ScopeEntryBody } from './rule-actors.js';
import { ChangeSubset } from './sec-policy.js';
import { ServicePortBody } from './services.js';
import { TrafficTarget } from './traffic-collector.js';
import { Flow, FlowEdge, FlowEdgeEnd, FlowEnd, FlowQueryItem, FlowReport } from './traffic-flows.js';
import { EnforcementView, HrefItem, LabelReference, VisibilityLevel } from './workload-parts.js';

export const API_PARTS: Readonly<Record<string, z.ZodType>> = {
  Actor: ActorBody,
  AdminPort,
  BulkAnswer,
  BulkBody,
  BulkRefusals,
  ChangeSubset,
  Enforcement: EnforcementView,
  EnforcementMode,
  ExplainedEnd: ExplainEnd,
  Flow,
  FlowEdge,
  FlowEdgeEnd,
  FlowEnd,
  FlowQueryItem,
  FlowReport,
  Href: HrefItem,
  InForce,
  IngressService: IngressServiceBody,
  IptablesRule: IptablesRuleBody,
  LabelReference,
  PrincipalsBulkBody,
  PolicyProgress: PolicyProgressView,
  Reference,
  ScopeEntry: ScopeEntryBody,
  ServicePort: ServicePortBody,
  TrafficTarget,
  Verdict,
  VisibilityLevel,
};
