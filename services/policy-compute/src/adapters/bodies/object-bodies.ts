/** One door to the bodies of all types of objects. */
import type { ProvisionableType } from '@ringfence/contracts';
import type { Entry } from '../../domain/policy-book.js';
import type { PolicyObject, Touched, UpdateType } from '../../domain/policy-object.js';
import { objectHref } from '../hrefs.js';
import { boundaryFrom, showBoundary } from './enforcement-boundaries.js';
import { ipListFrom, showIpList } from './ip-lists.js';
import { labelGroupFrom, showLabelGroup } from './label-groups.js';
import { ruleSetFrom, showRuleSet } from './rule-sets.js';
import type { RuleIds } from './rule-sets.js';
import { serviceFrom, showService } from './services.js';
import type { Body, View } from './view.js';

/** What a body changes: the object before, null for a new one. */
export interface Target {
  readonly type: ProvisionableType;
  readonly id: string;
  readonly before: PolicyObject | null;
}

/** The whole object after the body. Throws ZodError or CallError. */
export function objectFrom(body: unknown, { type, id, before }: Target, ids: RuleIds): PolicyObject {
  switch (type) {
    case 'ip_lists':
      return ipListFrom(body, before as PolicyObject<'ip_lists'> | null, id);
    case 'services':
      return serviceFrom(body, before as PolicyObject<'services'> | null, id);
    case 'label_groups':
      return labelGroupFrom(body, before as PolicyObject<'label_groups'> | null, id);
    case 'rule_sets':
      return ruleSetFrom(body, before as PolicyObject<'rule_sets'> | null, id, ids);
    case 'enforcement_boundaries':
      return boundaryFrom(body, before as PolicyObject<'enforcement_boundaries'> | null, id);
  }
}

/** One object in one form. `entry` is null for an older version. */
export interface Shown {
  readonly type: ProvisionableType;
  readonly object: PolicyObject;
  readonly touched: Touched;
  readonly updateType: UpdateType | null;
  readonly entry: Entry | null;
}

export function showObject(shown: Shown, view: View): Body {
  const { type, object, updateType } = shown;
  return {
    href: objectHref({ type, id: object.id }, view.pversion),
    ...fieldsOf(shown, view),
    update_type: updateType,
  };
}

function fieldsOf({ type, object, touched, entry }: Shown, view: View): Body {
  switch (type) {
    case 'ip_lists':
      return showIpList(object as PolicyObject<'ip_lists'>, touched);
    case 'services':
      return showService(object as PolicyObject<'services'>, touched);
    case 'label_groups':
      return showLabelGroup(object as PolicyObject<'label_groups'>, view, touched);
    case 'rule_sets':
      return showRuleSet(
        object as PolicyObject<'rule_sets'>,
        view,
        touched,
        entry as Entry<'rule_sets'> | null,
      );
    case 'enforcement_boundaries':
      return showBoundary(object as PolicyObject<'enforcement_boundaries'>, view, touched);
  }
}
