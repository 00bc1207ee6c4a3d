// Written by hack/kube-types.ts from the OpenAPI of kube-apiserver 1.36; see type-notation.ts for how to read it.
export const typeTable: Readonly<Record<string, string>> = {
  AWSElasticBlockStoreVolumeSource: 'fsType partition:int readOnly:bool volumeID!',
  Affinity: 'nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity',
  AggregationRule: 'clusterRoleSelectors:[LabelSelector]',
  AppArmorProfile: 'localhostProfile type!',
  AttachedVolume: 'devicePath! name!',
  AzureDiskVolumeSource: 'cachingMode diskName! diskURI! fsType kind readOnly:bool',
  AzureFilePersistentVolumeSource: 'readOnly:bool secretName! secretNamespace shareName!',
  AzureFileVolumeSource: 'readOnly:bool secretName! shareName!',
  Binding: 'apiVersion kind metadata:ObjectMeta target!:ObjectReference',
  BoundObjectReference: 'apiVersion kind name uid',
  CSIPersistentVolumeSource:
    'controllerExpandSecretRef:SecretReference controllerPublishSecretRef:SecretReference driver! fsType nodeExpandSecretRef:SecretReference nodePublishSecretRef:SecretReference nodeStageSecretRef:SecretReference readOnly:bool volumeAttributes:{} volumeHandle!',
  CSIVolumeSource:
    'driver! fsType nodePublishSecretRef:LocalObjectReference readOnly:bool volumeAttributes:{}',
  Capabilities: 'add:[] drop:[]',
  CephFSPersistentVolumeSource: 'monitors!:[] path readOnly:bool secretFile secretRef:SecretReference user',
  CephFSVolumeSource: 'monitors!:[] path readOnly:bool secretFile secretRef:LocalObjectReference user',
  CinderPersistentVolumeSource: 'fsType readOnly:bool secretRef:SecretReference volumeID!',
  CinderVolumeSource: 'fsType readOnly:bool secretRef:LocalObjectReference volumeID!',
  ClientIPConfig: 'timeoutSeconds:int',
  ClusterRole: 'aggregationRule:AggregationRule apiVersion kind metadata:ObjectMeta rules:[PolicyRule]',
  ClusterRoleBinding: 'apiVersion kind metadata:ObjectMeta roleRef!:RoleRef subjects:[Subject]',
  ClusterTrustBundleProjection: 'labelSelector:LabelSelector name optional:bool path! signerName',
  Condition: 'lastTransitionTime!:time message! observedGeneration:int reason! status! type!',
  ConfigMap: 'apiVersion binaryData:{bytes} data:{} immutable:bool kind metadata:ObjectMeta',
  ConfigMapEnvSource: 'name optional:bool',
  ConfigMapKeySelector: '# key! name optional:bool',
  ConfigMapNodeConfigSource: 'kubeletConfigKey! name! namespace! resourceVersion uid',
  ConfigMapProjection: 'items:[KeyToPath] name optional:bool',
  ConfigMapVolumeSource: 'defaultMode:int items:[KeyToPath] name optional:bool',
  Container:
    'args:[] command:[] env:[EnvVar/name] envFrom:[EnvFromSource] image imagePullPolicy lifecycle:Lifecycle livenessProbe:Probe name! ports:[ContainerPort/containerPort,protocol] readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:bool stdinOnce:bool terminationMessagePath terminationMessagePolicy tty:bool volumeDevices:[VolumeDevice/devicePath] volumeMounts:[VolumeMount/mountPath] workingDir',
  ContainerExtendedResourceRequest: 'containerName! requestName! resourceName!',
  ContainerImage: 'names:[] sizeBytes:int',
  ContainerPort: 'containerPort!:int hostIP hostPort:int name protocol',
  ContainerResizePolicy: 'resourceName! restartPolicy!',
  ContainerRestartRule: 'action! exitCodes:ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'operator! values:[int/set]',
  ContainerState:
    'running:ContainerStateRunning terminated:ContainerStateTerminated waiting:ContainerStateWaiting',
  ContainerStateRunning: 'startedAt:time',
  ContainerStateTerminated:
    'containerID exitCode!:int finishedAt:time message reason signal:int startedAt:time',
  ContainerStateWaiting: 'message reason',
  ContainerStatus:
    'allocatedResources:{qty} allocatedResourcesStatus:[ResourceStatus/name] containerID image! imageID! lastState:ContainerState name! ready!:bool resources:ResourceRequirements restartCount!:int started:bool state:ContainerState stopSignal user:ContainerUser volumeMounts:[VolumeMountStatus/mountPath]',
  ContainerUser: 'linux:LinuxContainerUser',
  ControllerRevision: 'apiVersion data:any kind metadata:ObjectMeta revision!:int',
  CustomResourceColumnDefinition: 'description format jsonPath! name! priority:int type!',
  CustomResourceConversion: 'strategy! webhook:WebhookConversion',
  CustomResourceDefinition:
    'apiVersion kind metadata:ObjectMeta spec!:CustomResourceDefinitionSpec status:CustomResourceDefinitionStatus',
  CustomResourceDefinitionCondition:
    'lastTransitionTime:time message observedGeneration:int reason status! type!',
  CustomResourceDefinitionNames: 'categories:[] kind! listKind plural! shortNames:[] singular',
  CustomResourceDefinitionSpec:
    'conversion:CustomResourceConversion group! names!:CustomResourceDefinitionNames preserveUnknownFields:bool scope! versions!:[CustomResourceDefinitionVersion]',
  CustomResourceDefinitionStatus:
    'acceptedNames:CustomResourceDefinitionNames conditions:[CustomResourceDefinitionCondition/type] observedGeneration:int storedVersions:[]',
  CustomResourceDefinitionVersion:
    'additionalPrinterColumns:[CustomResourceColumnDefinition] deprecated:bool deprecationWarning name! schema:CustomResourceValidation selectableFields:[SelectableField] served!:bool storage!:bool subresources:CustomResourceSubresources',
  CustomResourceSubresourceScale: 'labelSelectorPath specReplicasPath! statusReplicasPath!',
  CustomResourceSubresources: 'scale:CustomResourceSubresourceScale status:any',
  CustomResourceValidation: 'openAPIV3Schema:JSONSchemaProps',
  DaemonEndpoint: 'Port!:int',
  DeleteOptions:
    'apiVersion dryRun:[] gracePeriodSeconds:int ignoreStoreReadErrorWithClusterBreakingPotential:bool kind orphanDependents:bool preconditions:Preconditions propagationPolicy',
  Deployment: 'apiVersion kind metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus',
  DeploymentCondition: 'lastTransitionTime:time lastUpdateTime:time message reason status! type!',
  DeploymentSpec:
    'minReadySeconds:int paused:bool progressDeadlineSeconds:int replicas:int revisionHistoryLimit:int selector!:LabelSelector strategy:DeploymentStrategy^ template!:PodTemplateSpec',
  DeploymentStatus:
    'availableReplicas:int collisionCount:int conditions:[DeploymentCondition/type] observedGeneration:int readyReplicas:int replicas:int terminatingReplicas:int unavailableReplicas:int updatedReplicas:int',
  DeploymentStrategy: 'rollingUpdate:RollingUpdateDeployment type',
  DownwardAPIProjection: 'items:[DownwardAPIVolumeFile]',
  DownwardAPIVolumeFile: 'fieldRef:ObjectFieldSelector mode:int path! resourceFieldRef:ResourceFieldSelector',
  DownwardAPIVolumeSource: 'defaultMode:int items:[DownwardAPIVolumeFile]',
  EmptyDirVolumeSource: 'medium sizeLimit:qty',
  Endpoint:
    'addresses!:[/set] conditions:EndpointConditions deprecatedTopology:{} hints:EndpointHints hostname nodeName targetRef:ObjectReference zone',
  EndpointAddress: '# hostname ip! nodeName targetRef:ObjectReference',
  EndpointConditions: 'ready:bool serving:bool terminating:bool',
  EndpointHints: 'forNodes:[ForNode] forZones:[ForZone]',
  EndpointPort: '# appProtocol name port!:int protocol',
  EndpointSlice:
    'addressType! apiVersion endpoints:[Endpoint] kind metadata:ObjectMeta ports:[discovery.EndpointPort]',
  EndpointSubset: 'addresses:[EndpointAddress] notReadyAddresses:[EndpointAddress] ports:[EndpointPort]',
  Endpoints: 'apiVersion kind metadata:ObjectMeta subsets:[EndpointSubset]',
  EnvFromSource: 'configMapRef:ConfigMapEnvSource prefix secretRef:SecretEnvSource',
  EnvVar: 'name! value valueFrom:EnvVarSource',
  EnvVarSource:
    'configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector',
  EphemeralContainer:
    'args:[] command:[] env:[EnvVar/name] envFrom:[EnvFromSource] image imagePullPolicy lifecycle:Lifecycle livenessProbe:Probe name! ports:[ContainerPort/containerPort,protocol] readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:bool stdinOnce:bool targetContainerName terminationMessagePath terminationMessagePolicy tty:bool volumeDevices:[VolumeDevice/devicePath] volumeMounts:[VolumeMount/mountPath] workingDir',
  EphemeralVolumeSource: 'volumeClaimTemplate:PersistentVolumeClaimTemplate',
  Event:
    'action apiVersion count:int eventTime:time firstTimestamp:time involvedObject!:ObjectReference kind lastTimestamp:time message metadata!:ObjectMeta reason related:ObjectReference reportingComponent reportingInstance series:EventSeries source:EventSource type',
  EventSeries: 'count:int lastObservedTime:time',
  EventSource: 'component host',
  Eviction: 'apiVersion deleteOptions:DeleteOptions kind metadata:ObjectMeta',
  ExecAction: 'command:[]',
  ExternalDocumentation: 'description url',
  FCVolumeSource: 'fsType lun:int readOnly:bool targetWWNs:[] wwids:[]',
  FieldSelectorAttributes: 'rawSelector requirements:[FieldSelectorRequirement]',
  FieldSelectorRequirement: 'key! operator! values:[]',
  FileKeySelector: '# key! optional:bool path! volumeName!',
  FlexPersistentVolumeSource: 'driver! fsType options:{} readOnly:bool secretRef:SecretReference',
  FlexVolumeSource: 'driver! fsType options:{} readOnly:bool secretRef:LocalObjectReference',
  FlockerVolumeSource: 'datasetName datasetUUID',
  ForNode: 'name!',
  ForZone: 'name!',
  GCEPersistentDiskVolumeSource: 'fsType partition:int pdName! readOnly:bool',
  GRPCAction: 'port!:int service',
  GitRepoVolumeSource: 'directory repository! revision',
  GlusterfsPersistentVolumeSource: 'endpoints! endpointsNamespace path! readOnly:bool',
  GlusterfsVolumeSource: 'endpoints! path! readOnly:bool',
  HTTPGetAction: 'host httpHeaders:[HTTPHeader] path port!:ios scheme',
  HTTPHeader: 'name! value!',
  HostAlias: 'hostnames:[] ip!',
  HostIP: 'ip!',
  HostPathVolumeSource: 'path! type',
  IPBlock: 'cidr! except:[]',
  ISCSIPersistentVolumeSource:
    'chapAuthDiscovery:bool chapAuthSession:bool fsType initiatorName iqn! iscsiInterface lun!:int portals:[] readOnly:bool secretRef:SecretReference targetPortal!',
  ISCSIVolumeSource:
    'chapAuthDiscovery:bool chapAuthSession:bool fsType initiatorName iqn! iscsiInterface lun!:int portals:[] readOnly:bool secretRef:LocalObjectReference targetPortal!',
  ImageVolumeSource: 'pullPolicy reference',
  ImageVolumeStatus: 'imageRef!',
  JSONSchemaProps:
    '$ref $schema additionalItems:any additionalProperties:any allOf:[JSONSchemaProps] anyOf:[JSONSchemaProps] default:any definitions:{JSONSchemaProps} dependencies:{any} description enum:[any] example:any exclusiveMaximum:bool exclusiveMinimum:bool externalDocs:ExternalDocumentation format id items:any maxItems:int maxLength:int maxProperties:int maximum:number minItems:int minLength:int minProperties:int minimum:number multipleOf:number not:JSONSchemaProps nullable:bool oneOf:[JSONSchemaProps] pattern patternProperties:{JSONSchemaProps} properties:{JSONSchemaProps} required:[] title type uniqueItems:bool x-kubernetes-embedded-resource:bool x-kubernetes-int-or-string:bool x-kubernetes-list-map-keys:[] x-kubernetes-list-type x-kubernetes-map-type x-kubernetes-preserve-unknown-fields:bool x-kubernetes-validations:[ValidationRule/rule]',
  KeyToPath: 'key! mode:int path!',
  LabelSelector: '# matchExpressions:[LabelSelectorRequirement] matchLabels:{}',
  LabelSelectorAttributes: 'rawSelector requirements:[LabelSelectorRequirement]',
  LabelSelectorRequirement: 'key! operator! values:[]',
  Lease: 'apiVersion kind metadata:ObjectMeta spec:LeaseSpec',
  LeaseSpec:
    'acquireTime:time holderIdentity leaseDurationSeconds:int leaseTransitions:int preferredHolder renewTime:time strategy',
  Lifecycle: 'postStart:LifecycleHandler preStop:LifecycleHandler stopSignal',
  LifecycleHandler: 'exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction',
  LinuxContainerUser: 'gid!:int supplementalGroups:[int] uid!:int',
  LoadBalancerIngress: 'hostname ip ipMode ports:[PortStatus]',
  LoadBalancerStatus: 'ingress:[LoadBalancerIngress]',
  LocalObjectReference: '# name',
  LocalSubjectAccessReview:
    'apiVersion kind metadata:ObjectMeta spec!:SubjectAccessReviewSpec status:SubjectAccessReviewStatus',
  LocalVolumeSource: 'fsType path!',
  ManagedFieldsEntry: 'apiVersion fieldsType fieldsV1:any manager operation subresource time:time',
  ModifyVolumeStatus: 'status! targetVolumeAttributesClassName',
  NFSVolumeSource: 'path! readOnly:bool server!',
  Namespace: 'apiVersion kind metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus',
  NamespaceCondition: 'lastTransitionTime:time message reason status! type!',
  NamespaceSpec: 'finalizers:[]',
  NamespaceStatus: 'conditions:[NamespaceCondition/type] phase',
  NetworkPolicy: 'apiVersion kind metadata:ObjectMeta spec:NetworkPolicySpec',
  NetworkPolicyEgressRule: 'ports:[NetworkPolicyPort] to:[NetworkPolicyPeer]',
  NetworkPolicyIngressRule: 'from:[NetworkPolicyPeer] ports:[NetworkPolicyPort]',
  NetworkPolicyPeer: 'ipBlock:IPBlock namespaceSelector:LabelSelector podSelector:LabelSelector',
  NetworkPolicyPort: 'endPort:int port:ios protocol',
  NetworkPolicySpec:
    'egress:[NetworkPolicyEgressRule] ingress:[NetworkPolicyIngressRule] podSelector:LabelSelector policyTypes:[]',
  Node: 'apiVersion kind metadata:ObjectMeta spec:NodeSpec status:NodeStatus',
  NodeAddress: 'address! type!',
  NodeAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm] requiredDuringSchedulingIgnoredDuringExecution:NodeSelector',
  NodeAllocatableResourceClaimStatus: 'containers:[/set] resourceClaimName! resources!:{qty}',
  NodeCondition: 'lastHeartbeatTime:time lastTransitionTime:time message reason status! type!',
  NodeConfigSource: 'configMap:ConfigMapNodeConfigSource',
  NodeConfigStatus: 'active:NodeConfigSource assigned:NodeConfigSource error lastKnownGood:NodeConfigSource',
  NodeDaemonEndpoints: 'kubeletEndpoint:DaemonEndpoint',
  NodeFeatures: 'supplementalGroupsPolicy:bool',
  NodeRuntimeHandler: 'features:NodeRuntimeHandlerFeatures name',
  NodeRuntimeHandlerFeatures: 'recursiveReadOnlyMounts:bool userNamespaces:bool',
  NodeSelector: '# nodeSelectorTerms!:[NodeSelectorTerm]',
  NodeSelectorRequirement: 'key! operator! values:[]',
  NodeSelectorTerm: '# matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]',
  NodeSpec:
    'configSource:NodeConfigSource externalID podCIDR podCIDRs:[/set] providerID taints:[Taint] unschedulable:bool',
  NodeStatus:
    'addresses:[NodeAddress/type] allocatable:{qty} capacity:{qty} conditions:[NodeCondition/type] config:NodeConfigStatus daemonEndpoints:NodeDaemonEndpoints declaredFeatures:[] features:NodeFeatures images:[ContainerImage] nodeInfo:NodeSystemInfo phase runtimeHandlers:[NodeRuntimeHandler] volumesAttached:[AttachedVolume] volumesInUse:[]',
  NodeSwapStatus: 'capacity:int',
  NodeSystemInfo:
    'architecture! bootID! containerRuntimeVersion! kernelVersion! kubeProxyVersion! kubeletVersion! machineID! operatingSystem! osImage! swap:NodeSwapStatus systemUUID!',
  NonResourceAttributes: 'path verb',
  NonResourceRule: 'nonResourceURLs:[] verbs!:[]',
  ObjectFieldSelector: '# apiVersion fieldPath!',
  ObjectMeta:
    'annotations:{} creationTimestamp:time deletionGracePeriodSeconds:int deletionTimestamp:time finalizers:[/set] generateName generation:int labels:{} managedFields:[ManagedFieldsEntry] name namespace ownerReferences:[OwnerReference/uid] resourceVersion selfLink uid',
  ObjectReference: '# apiVersion fieldPath kind name namespace resourceVersion uid',
  OwnerReference: '# apiVersion! blockOwnerDeletion:bool controller:bool kind! name! uid!',
  PersistentVolume:
    'apiVersion kind metadata:ObjectMeta spec:PersistentVolumeSpec status:PersistentVolumeStatus',
  PersistentVolumeClaim:
    'apiVersion kind metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus',
  PersistentVolumeClaimCondition: 'lastProbeTime:time lastTransitionTime:time message reason status! type!',
  PersistentVolumeClaimSpec:
    'accessModes:[] dataSource:TypedLocalObjectReference dataSourceRef:TypedObjectReference resources:VolumeResourceRequirements selector:LabelSelector storageClassName volumeAttributesClassName volumeMode volumeName',
  PersistentVolumeClaimStatus:
    'accessModes:[] allocatedResourceStatuses:{} allocatedResources:{qty} capacity:{qty} conditions:[PersistentVolumeClaimCondition/type] currentVolumeAttributesClassName modifyVolumeStatus:ModifyVolumeStatus phase',
  PersistentVolumeClaimTemplate: 'metadata:ObjectMeta spec!:PersistentVolumeClaimSpec',
  PersistentVolumeClaimVolumeSource: 'claimName! readOnly:bool',
  PersistentVolumeSpec:
    'accessModes:[] awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource azureFile:AzureFilePersistentVolumeSource capacity:{qty} cephfs:CephFSPersistentVolumeSource cinder:CinderPersistentVolumeSource claimRef:ObjectReference csi:CSIPersistentVolumeSource fc:FCVolumeSource flexVolume:FlexPersistentVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource glusterfs:GlusterfsPersistentVolumeSource hostPath:HostPathVolumeSource iscsi:ISCSIPersistentVolumeSource local:LocalVolumeSource mountOptions:[] nfs:NFSVolumeSource nodeAffinity:VolumeNodeAffinity persistentVolumeReclaimPolicy photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource quobyte:QuobyteVolumeSource rbd:RBDPersistentVolumeSource scaleIO:ScaleIOPersistentVolumeSource storageClassName storageos:StorageOSPersistentVolumeSource volumeAttributesClassName volumeMode vsphereVolume:VsphereVirtualDiskVolumeSource',
  PersistentVolumeStatus: 'lastPhaseTransitionTime:time message phase reason',
  PhotonPersistentDiskVolumeSource: 'fsType pdID!',
  Pod: 'apiVersion kind metadata:ObjectMeta spec:PodSpec status:PodStatus',
  PodAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]',
  PodAffinityTerm:
    'labelSelector:LabelSelector matchLabelKeys:[] mismatchLabelKeys:[] namespaceSelector:LabelSelector namespaces:[] topologyKey!',
  PodAntiAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]',
  PodCertificateProjection:
    'certificateChainPath credentialBundlePath keyPath keyType! maxExpirationSeconds:int signerName! userAnnotations:{}',
  PodCondition:
    'lastProbeTime:time lastTransitionTime:time message observedGeneration:int reason status! type!',
  PodDNSConfig: 'nameservers:[] options:[PodDNSConfigOption] searches:[]',
  PodDNSConfigOption: 'name value',
  PodDisruptionBudget:
    'apiVersion kind metadata:ObjectMeta spec:PodDisruptionBudgetSpec status:PodDisruptionBudgetStatus',
  PodDisruptionBudgetSpec:
    'maxUnavailable:ios minAvailable:ios selector:LabelSelector unhealthyPodEvictionPolicy',
  PodDisruptionBudgetStatus:
    'conditions:[Condition/type] currentHealthy:int desiredHealthy:int disruptedPods:{time} disruptionsAllowed:int expectedPods:int observedGeneration:int',
  PodExtendedResourceClaimStatus: 'requestMappings!:[ContainerExtendedResourceRequest] resourceClaimName!',
  PodIP: 'ip!',
  PodOS: 'name!',
  PodReadinessGate: 'conditionType!',
  PodResourceClaim: 'name! resourceClaimName resourceClaimTemplateName',
  PodResourceClaimStatus: 'name! resourceClaimName',
  PodSchedulingGate: 'name!',
  PodSchedulingGroup: 'podGroupName',
  PodSecurityContext:
    'appArmorProfile:AppArmorProfile fsGroup:int fsGroupChangePolicy runAsGroup:int runAsNonRoot:bool runAsUser:int seLinuxChangePolicy seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile supplementalGroups:[int] supplementalGroupsPolicy sysctls:[Sysctl] windowsOptions:WindowsSecurityContextOptions',
  PodSpec:
    'activeDeadlineSeconds:int affinity:Affinity automountServiceAccountToken:bool containers!:[Container/name] dnsConfig:PodDNSConfig dnsPolicy enableServiceLinks:bool ephemeralContainers:[EphemeralContainer/name] hostAliases:[HostAlias/ip] hostIPC:bool hostNetwork:bool hostPID:bool hostUsers:bool hostname hostnameOverride imagePullSecrets:[LocalObjectReference/name] initContainers:[Container/name] nodeName nodeSelector:{} os:PodOS overhead:{qty} preemptionPolicy priority:int priorityClassName readinessGates:[PodReadinessGate] resourceClaims:[PodResourceClaim/name^] resources:ResourceRequirements restartPolicy runtimeClassName schedulerName schedulingGates:[PodSchedulingGate/name] schedulingGroup:PodSchedulingGroup securityContext:PodSecurityContext serviceAccount serviceAccountName setHostnameAsFQDN:bool shareProcessNamespace:bool subdomain terminationGracePeriodSeconds:int tolerations:[Toleration] topologySpreadConstraints:[TopologySpreadConstraint/topologyKey,whenUnsatisfiable] volumes:[Volume/name^]',
  PodStatus:
    'allocatedResources:{qty} conditions:[PodCondition/type] containerStatuses:[ContainerStatus] ephemeralContainerStatuses:[ContainerStatus] extendedResourceClaimStatus:PodExtendedResourceClaimStatus hostIP hostIPs:[HostIP~ip] initContainerStatuses:[ContainerStatus] message nodeAllocatableResourceClaimStatuses:[NodeAllocatableResourceClaimStatus] nominatedNodeName observedGeneration:int phase podIP podIPs:[PodIP/ip] qosClass reason resize resourceClaimStatuses:[PodResourceClaimStatus/name^] resources:ResourceRequirements startTime:time',
  PodTemplateSpec: 'metadata:ObjectMeta spec:PodSpec',
  PolicyRule: 'apiGroups:[] nonResourceURLs:[] resourceNames:[] resources:[] verbs!:[]',
  PortStatus: 'error port!:int protocol!',
  PortworxVolumeSource: 'fsType readOnly:bool volumeID!',
  Preconditions: 'resourceVersion uid',
  PreferredSchedulingTerm: 'preference!:NodeSelectorTerm weight!:int',
  Probe:
    'exec:ExecAction failureThreshold:int grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds:int periodSeconds:int successThreshold:int tcpSocket:TCPSocketAction terminationGracePeriodSeconds:int timeoutSeconds:int',
  ProjectedVolumeSource: 'defaultMode:int sources:[VolumeProjection]',
  QuobyteVolumeSource: 'group readOnly:bool registry! tenant user volume!',
  RBDPersistentVolumeSource:
    'fsType image! keyring monitors!:[] pool readOnly:bool secretRef:SecretReference user',
  RBDVolumeSource:
    'fsType image! keyring monitors!:[] pool readOnly:bool secretRef:LocalObjectReference user',
  ReplicaSet: 'apiVersion kind metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus',
  ReplicaSetCondition: 'lastTransitionTime:time message reason status! type!',
  ReplicaSetSpec: 'minReadySeconds:int replicas:int selector!:LabelSelector template:PodTemplateSpec',
  ReplicaSetStatus:
    'availableReplicas:int conditions:[ReplicaSetCondition/type] fullyLabeledReplicas:int observedGeneration:int readyReplicas:int replicas!:int terminatingReplicas:int',
  ResourceAttributes:
    'fieldSelector:FieldSelectorAttributes group labelSelector:LabelSelectorAttributes name namespace resource subresource verb version',
  ResourceClaim: 'name! request',
  ResourceFieldSelector: '# containerName divisor:qty resource!',
  ResourceHealth: 'health message resourceID!',
  ResourceRequirements: 'claims:[ResourceClaim/name] limits:{qty} requests:{qty}',
  ResourceRule: 'apiGroups:[] resourceNames:[] resources:[] verbs!:[]',
  ResourceStatus: 'name! resources:[ResourceHealth/resourceID]',
  Role: 'apiVersion kind metadata:ObjectMeta rules:[PolicyRule]',
  RoleBinding: 'apiVersion kind metadata:ObjectMeta roleRef!:RoleRef subjects:[Subject]',
  RoleRef: '# apiGroup kind! name!',
  RollingUpdateDeployment: 'maxSurge:ios maxUnavailable:ios',
  RollingUpdateStatefulSetStrategy: 'maxUnavailable:ios partition:int',
  SELinuxOptions: 'level role type user',
  Scale: 'apiVersion kind metadata:ObjectMeta spec:ScaleSpec status:ScaleStatus',
  ScaleIOPersistentVolumeSource:
    'fsType gateway! protectionDomain readOnly:bool secretRef!:SecretReference sslEnabled:bool storageMode storagePool system! volumeName',
  ScaleIOVolumeSource:
    'fsType gateway! protectionDomain readOnly:bool secretRef!:LocalObjectReference sslEnabled:bool storageMode storagePool system! volumeName',
  ScaleSpec: 'replicas:int',
  ScaleStatus: 'replicas!:int selector',
  SeccompProfile: 'localhostProfile type!',
  Secret: 'apiVersion data:{bytes} immutable:bool kind metadata:ObjectMeta stringData:{} type',
  SecretEnvSource: 'name optional:bool',
  SecretKeySelector: '# key! name optional:bool',
  SecretProjection: 'items:[KeyToPath] name optional:bool',
  SecretReference: '# name namespace',
  SecretVolumeSource: 'defaultMode:int items:[KeyToPath] optional:bool secretName',
  SecurityContext:
    'allowPrivilegeEscalation:bool appArmorProfile:AppArmorProfile capabilities:Capabilities privileged:bool procMount readOnlyRootFilesystem:bool runAsGroup:int runAsNonRoot:bool runAsUser:int seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions',
  SelectableField: 'jsonPath!',
  SelfSubjectAccessReview:
    'apiVersion kind metadata:ObjectMeta spec!:SelfSubjectAccessReviewSpec status:SubjectAccessReviewStatus',
  SelfSubjectAccessReviewSpec:
    'nonResourceAttributes:NonResourceAttributes resourceAttributes:ResourceAttributes',
  SelfSubjectReview: 'apiVersion kind metadata:ObjectMeta status:SelfSubjectReviewStatus',
  SelfSubjectReviewStatus: 'userInfo:UserInfo',
  SelfSubjectRulesReview:
    'apiVersion kind metadata:ObjectMeta spec!:SelfSubjectRulesReviewSpec status:SubjectRulesReviewStatus',
  SelfSubjectRulesReviewSpec: 'namespace',
  Service: 'apiVersion kind metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus',
  ServiceAccount:
    'apiVersion automountServiceAccountToken:bool imagePullSecrets:[LocalObjectReference] kind metadata:ObjectMeta secrets:[ObjectReference/name]',
  ServiceAccountTokenProjection: 'audience expirationSeconds:int path!',
  ServicePort: 'appProtocol name nodePort:int port!:int protocol targetPort:ios',
  ServiceReference: 'name! namespace! path port:int',
  ServiceSpec:
    'allocateLoadBalancerNodePorts:bool clusterIP clusterIPs:[] externalIPs:[] externalName externalTrafficPolicy healthCheckNodePort:int internalTrafficPolicy ipFamilies:[] ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges:[] ports:[ServicePort/port,protocol] publishNotReadyAddresses:bool selector:{} sessionAffinity sessionAffinityConfig:SessionAffinityConfig trafficDistribution type',
  ServiceStatus: 'conditions:[Condition/type] loadBalancer:LoadBalancerStatus',
  SessionAffinityConfig: 'clientIP:ClientIPConfig',
  SleepAction: 'seconds!:int',
  StatefulSet: 'apiVersion kind metadata:ObjectMeta spec:StatefulSetSpec status:StatefulSetStatus',
  StatefulSetCondition: 'lastTransitionTime:time message reason status! type!',
  StatefulSetOrdinals: 'start:int',
  StatefulSetPersistentVolumeClaimRetentionPolicy: 'whenDeleted whenScaled',
  StatefulSetSpec:
    'minReadySeconds:int ordinals:StatefulSetOrdinals persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy podManagementPolicy replicas:int revisionHistoryLimit:int selector!:LabelSelector serviceName template!:PodTemplateSpec updateStrategy:StatefulSetUpdateStrategy volumeClaimTemplates:[PersistentVolumeClaim]',
  StatefulSetStatus:
    'availableReplicas:int collisionCount:int conditions:[StatefulSetCondition/type] currentReplicas:int currentRevision observedGeneration:int readyReplicas:int replicas!:int updateRevision updatedReplicas:int',
  StatefulSetUpdateStrategy: 'rollingUpdate:RollingUpdateStatefulSetStrategy type',
  StorageClass:
    'allowVolumeExpansion:bool allowedTopologies:[TopologySelectorTerm] apiVersion kind metadata:ObjectMeta mountOptions:[] parameters:{} provisioner! reclaimPolicy volumeBindingMode',
  StorageOSPersistentVolumeSource:
    'fsType readOnly:bool secretRef:ObjectReference volumeName volumeNamespace',
  StorageOSVolumeSource: 'fsType readOnly:bool secretRef:LocalObjectReference volumeName volumeNamespace',
  Subject: '# apiGroup kind! name! namespace',
  SubjectAccessReview:
    'apiVersion kind metadata:ObjectMeta spec!:SubjectAccessReviewSpec status:SubjectAccessReviewStatus',
  SubjectAccessReviewSpec:
    'extra:{[]} groups:[] nonResourceAttributes:NonResourceAttributes resourceAttributes:ResourceAttributes uid user',
  SubjectAccessReviewStatus: 'allowed!:bool denied:bool evaluationError reason',
  SubjectRulesReviewStatus:
    'evaluationError incomplete!:bool nonResourceRules!:[NonResourceRule] resourceRules!:[ResourceRule]',
  Sysctl: 'name! value!',
  TCPSocketAction: 'host port!:ios',
  Taint: 'effect! key! timeAdded:time value',
  TokenRequest: 'apiVersion kind metadata:ObjectMeta spec:TokenRequestSpec status:TokenRequestStatus',
  TokenRequestSpec: 'audiences:[] boundObjectRef:BoundObjectReference expirationSeconds:int',
  TokenRequestStatus: 'expirationTimestamp:time token',
  TokenReview: 'apiVersion kind metadata:ObjectMeta spec!:TokenReviewSpec status:TokenReviewStatus',
  TokenReviewSpec: 'audiences:[] token!',
  TokenReviewStatus: 'audiences:[] authenticated:bool error user:UserInfo',
  Toleration: 'effect key operator tolerationSeconds:int value',
  TopologySelectorLabelRequirement: 'key! values!:[]',
  TopologySelectorTerm: '# matchLabelExpressions:[TopologySelectorLabelRequirement]',
  TopologySpreadConstraint:
    'labelSelector:LabelSelector matchLabelKeys:[] maxSkew!:int minDomains:int nodeAffinityPolicy nodeTaintsPolicy topologyKey! whenUnsatisfiable!',
  TypedLocalObjectReference: '# apiGroup kind! name!',
  TypedObjectReference: 'apiGroup kind! name! namespace',
  UserInfo: 'extra:{[]} groups:[] uid username',
  ValidationRule: 'fieldPath message messageExpression optionalOldSelf:bool reason rule!',
  Volume:
    'awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource image:ImageVolumeSource iscsi:ISCSIVolumeSource name! nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource storageos:StorageOSVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource',
  VolumeDevice: 'devicePath! name!',
  VolumeMount: 'mountPath! mountPropagation name! readOnly:bool recursiveReadOnly subPath subPathExpr',
  VolumeMountStatus: 'mountPath! name! readOnly:bool recursiveReadOnly volumeStatus:VolumeStatus',
  VolumeNodeAffinity: 'required:NodeSelector',
  VolumeProjection:
    'clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection podCertificate:PodCertificateProjection secret:SecretProjection serviceAccountToken:ServiceAccountTokenProjection',
  VolumeResourceRequirements: 'limits:{qty} requests:{qty}',
  VolumeStatus: 'image:ImageVolumeStatus',
  VsphereVirtualDiskVolumeSource: 'fsType storagePolicyID storagePolicyName volumePath!',
  WebhookClientConfig: 'caBundle:bytes service:ServiceReference url',
  WebhookConversion: 'clientConfig:WebhookClientConfig conversionReviewVersions!:[]',
  WeightedPodAffinityTerm: 'podAffinityTerm!:PodAffinityTerm weight!:int',
  WindowsSecurityContextOptions: 'gmsaCredentialSpec gmsaCredentialSpecName hostProcess:bool runAsUserName',
  'discovery.EndpointPort': '# appProtocol name port:int protocol',
  'events.Event':
    'action apiVersion deprecatedCount:int deprecatedFirstTimestamp:time deprecatedLastTimestamp:time deprecatedSource:EventSource eventTime!:time kind metadata:ObjectMeta note reason regarding:ObjectReference related:ObjectReference reportingController reportingInstance series:events.EventSeries type',
  'events.EventSeries': 'count!:int lastObservedTime!:time',
};
