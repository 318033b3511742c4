/**
 * Field numbers of the Kubernetes messages that `kubectl create` and its kin send as protobuf; everything else comes as JSON.
 * A field is `name=number:type`; the default type is text, `[T]` repeats, `{T}` is a map from text. Go writes zero values
 * of plain fields, so `int` and `bool` drop them; `count`, `flag` and `kept` (a text) are pointers in Go and keep theirs.
 */
const template = 'metadata=1:ObjectMeta spec=2:PodSpec';
const rules = 'metadata=1:ObjectMeta rules=2:[PolicyRule]';
const binding = 'metadata=1:ObjectMeta subjects=2:[Subject] roleRef=3:RoleRef';
const rollout = 'maxUnavailable=1:IntOrString maxSurge=2:IntOrString';

function withSpec(spec: string): string {
  return `metadata=1:ObjectMeta spec=2:${spec} status=3:skip`;
}

const fieldsByMessage: Readonly<Record<string, string>> = {
  ObjectMeta:
    'name=1 generateName=2 namespace=3 uid=5 resourceVersion=6 generation=7:int creationTimestamp=8:Time ' +
    'deletionTimestamp=9:Time labels=11:{text} annotations=12:{text} ownerReferences=13:[OwnerReference] finalizers=14:[text] ' +
    'managedFields=17:skip',
  OwnerReference: 'kind=1 name=3 uid=4 apiVersion=5 controller=6:flag blockOwnerDeletion=7:flag',
  LabelSelector: 'matchLabels=1:{text} matchExpressions=2:[LabelSelectorRequirement]',
  LabelSelectorRequirement: 'key=1 operator=2 values=3:[text]',
  DeleteOptions:
    'gracePeriodSeconds=1:count preconditions=2:Preconditions orphanDependents=3:flag propagationPolicy=4 dryRun=5:[text]',
  Preconditions: 'uid=1 resourceVersion=2',
  Binding: 'metadata=1:ObjectMeta target=2:ObjectReference',
  ObjectReference: 'kind=1 namespace=2 name=3 uid=4 apiVersion=5 resourceVersion=6 fieldPath=7',
  Eviction: 'metadata=1:ObjectMeta deleteOptions=2:DeleteOptions',
  SelfSubjectReview: 'metadata=1:ObjectMeta status=2:skip',
  SelfSubjectAccessReview: withSpec('AskedAction'),
  SelfSubjectRulesReview: withSpec('AskedNamespace'),
  AskedNamespace: 'namespace=1',
  AskedAction: 'resourceAttributes=1:ResourceAttributes nonResourceAttributes=2:NonResourceAttributes',
  ResourceAttributes: 'namespace=1 verb=2 group=3 version=4 resource=5 subresource=6 name=7',
  NonResourceAttributes: 'path=1 verb=2',
  TokenRequest: withSpec('TokenRequestSpec'),
  TokenRequestSpec: 'audiences=1:[text] boundObjectRef=3:BoundObject expirationSeconds=4:count',
  BoundObject: 'kind=1 apiVersion=2 name=3 uid=4',
  Namespace: withSpec('NamespaceSpec'),
  NamespaceSpec: 'finalizers=1:[text]',
  ConfigMap: 'metadata=1:ObjectMeta data=2:{text} binaryData=3:{bytes} immutable=4:flag',
  Secret: 'metadata=1:ObjectMeta data=2:{bytes} type=3 stringData=4:{text} immutable=5:flag',
  ServiceAccount:
    'metadata=1:ObjectMeta secrets=2:[ObjectReference] imagePullSecrets=3:[LocalObjectReference] automountServiceAccountToken=4:flag',
  LocalObjectReference: 'name=1',
  Service: withSpec('ServiceSpec'),
  ServiceSpec:
    'ports=1:[ServicePort] selector=2:{text} clusterIP=3 type=4 externalIPs=5:[text] sessionAffinity=7 loadBalancerIP=8 ' +
    'loadBalancerSourceRanges=9:[text] externalName=10 externalTrafficPolicy=11 healthCheckNodePort=12:int ' +
    'publishNotReadyAddresses=13:bool ipFamilyPolicy=17 clusterIPs=18:[text] ipFamilies=19:[text]',
  ServicePort: 'name=1 protocol=2 port=3:int targetPort=4:IntOrString nodePort=5:int appProtocol=6',
  Pod: withSpec('PodSpec'),
  PodTemplateSpec: template,
  PodSpec:
    'volumes=1:[Volume] containers=2:[Container] restartPolicy=3 terminationGracePeriodSeconds=4:count activeDeadlineSeconds=5:count ' +
    'dnsPolicy=6 nodeSelector=7:{text} serviceAccountName=8 serviceAccount=9 nodeName=10 hostNetwork=11:bool hostPID=12:bool ' +
    'hostIPC=13:bool securityContext=14:PodSecurityContext imagePullSecrets=15:[LocalObjectReference] hostname=16 subdomain=17 ' +
    'schedulerName=19 initContainers=20:[Container] automountServiceAccountToken=21:flag tolerations=22:[Toleration] ' +
    'priorityClassName=24 priority=25:count enableServiceLinks=30:flag preemptionPolicy=31',
  PodSecurityContext:
    'runAsUser=2:count runAsNonRoot=3:flag supplementalGroups=4:[count] fsGroup=5:count runAsGroup=6:count ' +
    'fsGroupChangePolicy=9 seccompProfile=10:SeccompProfile',
  SeccompProfile: 'type=1 localhostProfile=2',
  Volume: 'name=1 ^=2:VolumeSource',
  VolumeSource:
    'hostPath=1:HostPath emptyDir=2:EmptyDir secret=6:SecretVolume persistentVolumeClaim=10:ClaimVolume configMap=19:ConfigMapVolume',
  HostPath: 'path=1 type=2',
  EmptyDir: 'medium=1 sizeLimit=2:Quantity',
  SecretVolume: 'secretName=1 items=2:[KeyToPath] defaultMode=3:count optional=4:flag',
  ConfigMapVolume: '^=1:LocalObjectReference items=2:[KeyToPath] defaultMode=3:count optional=4:flag',
  ClaimVolume: 'claimName=1 readOnly=2:bool',
  KeyToPath: 'key=1 path=2 mode=3:count',
  Container:
    'name=1 image=2 command=3:[text] args=4:[text] workingDir=5 ports=6:[ContainerPort] env=7:[EnvVar] resources=8:ResourceRequirements ' +
    'volumeMounts=9:[VolumeMount] livenessProbe=10:Probe readinessProbe=11:Probe terminationMessagePath=13 imagePullPolicy=14 ' +
    'securityContext=15:SecurityContext stdin=16:bool stdinOnce=17:bool tty=18:bool envFrom=19:[EnvFrom] ' +
    'terminationMessagePolicy=20 startupProbe=22:Probe',
  VolumeMount: 'name=1 readOnly=2:bool mountPath=3 subPath=4 mountPropagation=5 subPathExpr=6',
  Probe:
    '^=1:ProbeHandler initialDelaySeconds=2:int timeoutSeconds=3:int periodSeconds=4:int successThreshold=5:int ' +
    'failureThreshold=6:int terminationGracePeriodSeconds=7:count',
  ProbeHandler: 'exec=1:Exec httpGet=2:HttpGet tcpSocket=3:TcpSocket grpc=4:Grpc',
  Exec: 'command=1:[text]',
  HttpGet: 'path=1 port=2:IntOrString host=3 scheme=4 httpHeaders=5:[HttpHeader]',
  HttpHeader: 'name=1 value=2',
  TcpSocket: 'port=1:IntOrString host=2',
  Grpc: 'port=1:int service=2:kept',
  SecurityContext:
    'capabilities=1:Capabilities privileged=2:flag runAsUser=4:count runAsNonRoot=5:flag readOnlyRootFilesystem=6:flag ' +
    'allowPrivilegeEscalation=7:flag runAsGroup=8:count procMount=9 seccompProfile=11:SeccompProfile',
  Capabilities: 'add=1:[text] drop=2:[text]',
  EnvFrom: 'prefix=1 configMapRef=2:EnvFromReference secretRef=3:EnvFromReference',
  EnvFromReference: '^=1:LocalObjectReference optional=2:flag',
  ContainerPort: 'name=1 hostPort=2:int containerPort=3:int protocol=4 hostIP=5',
  EnvVar: 'name=1 value=2 valueFrom=3:EnvVarSource',
  EnvVarSource:
    'fieldRef=1:FieldRef resourceFieldRef=2:ResourceFieldRef configMapKeyRef=3:KeyRef secretKeyRef=4:KeyRef',
  FieldRef: 'apiVersion=1 fieldPath=2',
  ResourceFieldRef: 'containerName=1 resource=2 divisor=3:Quantity',
  KeyRef: '^=1:LocalObjectReference key=2 optional=3:flag',
  Toleration: 'key=1 operator=2 value=3 effect=4 tolerationSeconds=5:count',
  ResourceRequirements: 'limits=1:{Quantity} requests=2:{Quantity}',
  Deployment: withSpec('DeploymentSpec'),
  DeploymentSpec:
    'replicas=1:count selector=2:LabelSelector template=3:PodTemplateSpec strategy=4:DeploymentStrategy minReadySeconds=5:int ' +
    'revisionHistoryLimit=6:count paused=7:bool progressDeadlineSeconds=9:count',
  DeploymentStrategy: 'type=1 rollingUpdate=2:RollingUpdate',
  RollingUpdate: rollout,
  Job: withSpec('JobSpec'),
  JobSpec:
    'parallelism=1:count completions=2:count activeDeadlineSeconds=3:count selector=4:LabelSelector manualSelector=5:flag ' +
    'template=6:PodTemplateSpec backoffLimit=7:count ttlSecondsAfterFinished=8:count completionMode=9 suspend=10:flag',
  CronJob: withSpec('CronJobSpec'),
  CronJobSpec:
    'schedule=1 startingDeadlineSeconds=2:count concurrencyPolicy=3 suspend=4:flag jobTemplate=5:JobTemplateSpec ' +
    'successfulJobsHistoryLimit=6:count failedJobsHistoryLimit=7:count timeZone=8',
  JobTemplateSpec: 'metadata=1:ObjectMeta spec=2:JobSpec',
  Role: rules,
  ClusterRole: rules,
  PolicyRule:
    'verbs=1:[text] apiGroups=2:[text] resources=3:[text] resourceNames=4:[text] nonResourceURLs=5:[text]',
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  Subject: 'kind=1 apiGroup=2 name=3 namespace=4',
  RoleRef: 'apiGroup=1 kind=2 name=3',
  PodDisruptionBudget: withSpec('PodDisruptionBudgetSpec'),
  PodDisruptionBudgetSpec: 'minAvailable=1:IntOrString selector=2:LabelSelector maxUnavailable=3:IntOrString',
  PriorityClass: 'metadata=1:ObjectMeta value=2:count globalDefault=3:bool description=4 preemptionPolicy=5',
};

export interface MessageField {
  readonly name: string;
  readonly type: string;
  readonly shape: 'one' | 'list' | 'map';
}

const parsed = new Map<string, ReadonlyMap<number, MessageField>>();

/** The fields of a message by number, or undefined for a message that is not in the table. */
export function fieldsOf(message: string): ReadonlyMap<number, MessageField> | undefined {
  const text = fieldsByMessage[message];
  if (text === undefined) return undefined;
  const known = parsed.get(message);
  if (known !== undefined) return known;
  const fields = new Map(text.split(' ').map(parseField));
  parsed.set(message, fields);
  return fields;
}

function parseField(text: string): [number, MessageField] {
  const [, name = '', number = '', type = 'text'] = /^([\w^]+)=(\d+)(?::(.+))?$/.exec(text) ?? [];
  const shape = type.startsWith('[') ? 'list' : type.startsWith('{') ? 'map' : 'one';
  return [Number(number), { name, shape, type: type.replaceAll(/[[\]{}]/g, '') }];
}
