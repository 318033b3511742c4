/** An application of thousands of objects and few Pods, always the same: what a company's cluster holds, most of it scaled to nothing. */

/** In each namespace; with the namespace itself 150. */
const DEPLOYMENTS = 30;
const RUNNING = 5;
const CONFIG_MAPS = 25;
const SECRETS = 20;
const ROLES = 5;
const POLICIES = 4;
const OBJECTS = 150;

export interface LargeApplication {
  readonly objects: number;
  readonly pods: number;
  /** Deployments and Services: what the control plane labels. */
  readonly labelled: number;
  /** By file name, one namespace in each. */
  readonly files: ReadonlyMap<string, string>;
}

export function largeApplication(wanted: number): LargeApplication {
  const namespaces = Array.from({ length: Math.ceil(wanted / OBJECTS) }, (_, n) => `team-${n}`);
  return {
    objects: namespaces.length * OBJECTS,
    pods: namespaces.length * RUNNING,
    labelled: namespaces.length * DEPLOYMENTS * 2,
    files: new Map(namespaces.map((name) => [`${name}.yaml`, objectsOf(name).join('---\n')])),
  };
}

function objectsOf(namespace: string): string[] {
  return [
    `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${namespace} }\n`,
    ...many(ROLES, (n) => role(namespace, n)),
    ...many(CONFIG_MAPS, (n) => configMap(namespace, n)),
    ...many(SECRETS, (n) => secret(namespace, n)),
    ...many(DEPLOYMENTS, (n) => program(namespace, n)),
    ...many(POLICIES, (n) => networkPolicy(namespace, n)),
  ];
}

const many = (count: number, make: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => make(n));

function head(apiVersion: string, kind: string, namespace: string, name: string): string {
  return `apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: ${name}
  namespace: ${namespace}
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/part-of: ${namespace}
    app.kubernetes.io/managed-by: bench
`;
}

const role = (namespace: string, n: number): string => `${head(
  'rbac.authorization.k8s.io/v1',
  'Role',
  namespace,
  `reader-${n}`,
)}rules:
  - apiGroups: ['']
    resources: [configmaps, secrets]
    verbs: [get, list, watch]
---
${head('rbac.authorization.k8s.io/v1', 'RoleBinding', namespace, `reader-${n}`)}roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader-${n} }
subjects:
  - { kind: ServiceAccount, name: program-${n}, namespace: ${namespace} }
`;

/** Some two kilobytes, as a program's properties are. */
const configMap = (
  namespace: string,
  n: number,
): string => `${head('v1', 'ConfigMap', namespace, `settings-${n}`)}data:
  application.properties: |
${many(40, (line) => `    setting.${line}.of.program = value-${n * 40 + line}-of-${namespace}\n`).join('')}`;

const secret = (
  namespace: string,
  n: number,
): string => `${head('v1', 'Secret', namespace, `key-${n}`)}stringData:
  password: not-a-secret-${n}
`;

/** A Deployment that calls the next one's Service, its Service and its account. */
function program(namespace: string, n: number): string {
  const name = `${namespace}-program-${n}`;
  const next = `${namespace}-program-${(n + 1) % DEPLOYMENTS}`;
  return `${head('v1', 'ServiceAccount', namespace, `program-${n}`)}---
${head('v1', 'Service', namespace, name)}spec:
  selector: { app.kubernetes.io/name: ${name} }
  ports:
    - { name: http, port: 80, targetPort: http }
---
${head('apps/v1', 'Deployment', namespace, name)}spec:
  replicas: ${n < RUNNING ? 1 : 0}
  selector:
    matchLabels: { app.kubernetes.io/name: ${name} }
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
        app.kubernetes.io/part-of: ${namespace}
    spec:
      serviceAccountName: program-${n}
      containers:
        - name: program
          image: example/${name}:1
          ports:
            - { name: http, containerPort: 8080 }
          env:
            - { name: NEXT_URL, value: 'http://${next}' }
            - name: PASSWORD
              valueFrom: { secretKeyRef: { name: key-${n % SECRETS}, key: password } }
          envFrom:
            - configMapRef: { name: settings-${n % CONFIG_MAPS} }
          readinessProbe:
            httpGet: { path: /ready, port: http }
          resources:
            requests: { cpu: 10m, memory: 16Mi }
`;
}

const networkPolicy = (
  namespace: string,
  n: number,
): string => `${head('networking.k8s.io/v1', 'NetworkPolicy', namespace, `policy-${n}`)}spec:
  podSelector:
    matchLabels: { app.kubernetes.io/name: ${namespace}-program-${n} }
  ingress:
    - from:
        - podSelector: {}
`;
