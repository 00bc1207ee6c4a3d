// Written by hack/kube-types.ts from the OpenAPI of kube-apiserver 1.36; see type-notation.ts for how to read it.
export const typeTable: Readonly<Record<string, string>> = {
  AWSElasticBlockStoreVolumeSource: 'fsType#2 partition#3:int readOnly#4:bool volumeID!#1',
  Affinity: 'nodeAffinity#1:NodeAffinity podAffinity#2:PodAffinity podAntiAffinity#3:PodAntiAffinity',
  AggregationRule: 'clusterRoleSelectors#1:[LabelSelector]',
  AppArmorProfile: 'localhostProfile#2 type!#1',
  AttachedVolume: 'devicePath!#2 name!#1',
  AzureDiskVolumeSource: 'cachingMode#3 diskName!#1 diskURI!#2 fsType#4 kind#6 readOnly#5:bool',
  AzureFilePersistentVolumeSource: 'readOnly#3:bool secretName!#1 secretNamespace#4 shareName!#2',
  AzureFileVolumeSource: 'readOnly#3:bool secretName!#1 shareName!#2',
  Binding: 'apiVersion kind metadata*#1:ObjectMeta target!*#2:ObjectReference',
  BoundObjectReference: 'apiVersion#2 kind#1 name#3 uid',
  CSIPersistentVolumeSource:
    'controllerExpandSecretRef#9:SecretReference controllerPublishSecretRef#6:SecretReference driver!#1 fsType#4 nodeExpandSecretRef#10:SecretReference nodePublishSecretRef#8:SecretReference nodeStageSecretRef#7:SecretReference readOnly#3:bool volumeAttributes#5:{} volumeHandle!#2',
  CSIVolumeSource:
    'driver!#1 fsType#3 nodePublishSecretRef#5:LocalObjectReference readOnly#2:bool volumeAttributes#4:{}',
  Capabilities: 'add#1:[] drop#2:[]',
  CephFSPersistentVolumeSource:
    'monitors!#1:[] path#2 readOnly#6:bool secretFile#4 secretRef#5:SecretReference user#3',
  CephFSVolumeSource:
    'monitors!#1:[] path#2 readOnly#6:bool secretFile#4 secretRef#5:LocalObjectReference user#3',
  CinderPersistentVolumeSource: 'fsType#2 readOnly#3:bool secretRef#4:SecretReference volumeID!#1',
  CinderVolumeSource: 'fsType#2 readOnly#3:bool secretRef#4:LocalObjectReference volumeID!#1',
  ClientIPConfig: 'timeoutSeconds#1:int',
  ClusterRole:
    'aggregationRule#3:AggregationRule apiVersion kind metadata*#1:ObjectMeta rules#2:[PolicyRule]',
  ClusterRoleBinding: 'apiVersion kind metadata*#1:ObjectMeta roleRef!*#3:RoleRef subjects#2:[Subject]',
  ClusterTrustBundleProjection: 'labelSelector#3:LabelSelector name#1 optional#5:bool path!#4 signerName#2',
  Condition: 'lastTransitionTime!#4:time message!#6 observedGeneration#3:int reason!#5 status!#2 type!#1',
  ConfigMap: 'apiVersion binaryData#3:{bytes} data#2:{} immutable#4:bool kind metadata*#1:ObjectMeta',
  ConfigMapEnvSource: 'name#1.1 optional#2:bool',
  ConfigMapKeySelector: '# key!#2 name#1.1 optional#3:bool',
  ConfigMapNodeConfigSource: 'kubeletConfigKey!#5 name!#2 namespace!#1 resourceVersion#4 uid#3',
  ConfigMapProjection: 'items#2:[KeyToPath] name#1.1 optional#4:bool',
  ConfigMapVolumeSource: 'defaultMode#3:int items#2:[KeyToPath] name#1.1 optional#4:bool',
  Container:
    'args#4:[] command#3:[] env#7:[EnvVar/name] envFrom#19:[EnvFromSource] image#2 imagePullPolicy#14 lifecycle#12:Lifecycle livenessProbe#10:Probe name!#1 ports#6:[ContainerPort/containerPort,protocol] readinessProbe#11:Probe resizePolicy#23:[ContainerResizePolicy] resources*#8:ResourceRequirements restartPolicy#24 restartPolicyRules#25:[ContainerRestartRule] securityContext#15:SecurityContext startupProbe#22:Probe stdin#16:bool stdinOnce#17:bool terminationMessagePath#13 terminationMessagePolicy#20 tty#18:bool volumeDevices#21:[VolumeDevice/devicePath] volumeMounts#9:[VolumeMount/mountPath] workingDir#5',
  ContainerExtendedResourceRequest: 'containerName!#1 requestName!#3 resourceName!#2',
  ContainerImage: 'names#1:[] sizeBytes#2:int',
  ContainerPort: 'containerPort!#3:int hostIP#5 hostPort#2:int name#1 protocol#4',
  ContainerResizePolicy: 'resourceName!#1 restartPolicy!#2',
  ContainerRestartRule: 'action!#1 exitCodes#2:ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'operator!#1 values#2:[int/set]',
  ContainerState:
    'running#2:ContainerStateRunning terminated#3:ContainerStateTerminated waiting#1:ContainerStateWaiting',
  ContainerStateRunning: 'startedAt#1:time',
  ContainerStateTerminated:
    'containerID#7 exitCode!#1:int finishedAt#6:time message#4 reason#3 signal#2:int startedAt#5:time',
  ContainerStateWaiting: 'message#2 reason#1',
  ContainerStatus:
    'allocatedResources#10:{qty} allocatedResourcesStatus#14:[ResourceStatus/name] containerID#8 image!#6 imageID!#7 lastState*#3:ContainerState name!#1 ready!#4:bool resources#11:ResourceRequirements restartCount!#5:int started#9:bool state*#2:ContainerState stopSignal#15 user#13:ContainerUser volumeMounts#12:[VolumeMountStatus/mountPath]',
  ContainerUser: 'linux#1:LinuxContainerUser',
  ControllerRevision: 'apiVersion data#2:any kind metadata*#1:ObjectMeta revision!#3:int',
  CustomResourceColumnDefinition: 'description format jsonPath! name! priority:int type!',
  CustomResourceConversion: 'strategy! webhook:WebhookConversion',
  CustomResourceDefinition:
    'apiVersion kind metadata*:ObjectMeta spec!*:CustomResourceDefinitionSpec status*:CustomResourceDefinitionStatus',
  CustomResourceDefinitionCondition:
    'lastTransitionTime:time message observedGeneration:int reason status! type!',
  CustomResourceDefinitionNames: 'categories:[] kind! listKind plural! shortNames:[] singular',
  CustomResourceDefinitionSpec:
    'conversion:CustomResourceConversion group! names!*:CustomResourceDefinitionNames preserveUnknownFields:bool scope! versions!:[CustomResourceDefinitionVersion]',
  CustomResourceDefinitionStatus:
    'acceptedNames*:CustomResourceDefinitionNames conditions:[CustomResourceDefinitionCondition/type] observedGeneration:int storedVersions:[]',
  CustomResourceDefinitionVersion:
    'additionalPrinterColumns:[CustomResourceColumnDefinition] deprecated:bool deprecationWarning name! schema:CustomResourceValidation selectableFields:[SelectableField] served!:bool storage!:bool subresources:CustomResourceSubresources',
  CustomResourceSubresourceScale: 'labelSelectorPath specReplicasPath! statusReplicasPath!',
  CustomResourceSubresources: 'scale:CustomResourceSubresourceScale status:any',
  CustomResourceValidation: 'openAPIV3Schema:JSONSchemaProps',
  DaemonEndpoint: 'Port!#1:int',
  DeleteOptions:
    'apiVersion dryRun#5:[] gracePeriodSeconds#1:int ignoreStoreReadErrorWithClusterBreakingPotential#6:bool kind orphanDependents#3:bool preconditions#2:Preconditions propagationPolicy#4',
  Deployment: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:DeploymentSpec status*#3:DeploymentStatus',
  DeploymentCondition: 'lastTransitionTime#7:time lastUpdateTime#6:time message#5 reason#4 status!#2 type!#1',
  DeploymentSpec:
    'minReadySeconds#5:int paused#7:bool progressDeadlineSeconds#9:int replicas#1:int revisionHistoryLimit#6:int selector!#2:LabelSelector strategy*#4:DeploymentStrategy^ template!*#3:PodTemplateSpec',
  DeploymentStatus:
    'availableReplicas#4:int collisionCount#8:int conditions#6:[DeploymentCondition/type] observedGeneration#1:int readyReplicas#7:int replicas#2:int terminatingReplicas#9:int unavailableReplicas#5:int updatedReplicas#3:int',
  DeploymentStrategy: 'rollingUpdate#2:RollingUpdateDeployment type#1',
  DownwardAPIProjection: 'items#1:[DownwardAPIVolumeFile]',
  DownwardAPIVolumeFile:
    'fieldRef#2:ObjectFieldSelector mode#4:int path!#1 resourceFieldRef#3:ResourceFieldSelector',
  DownwardAPIVolumeSource: 'defaultMode#2:int items#1:[DownwardAPIVolumeFile]',
  EmptyDirVolumeSource: 'medium#1 sizeLimit#2:qty',
  Endpoint:
    'addresses!#1:[/set] conditions*#2:EndpointConditions deprecatedTopology#5:{} hints#8:EndpointHints hostname#3 nodeName#6 targetRef#4:ObjectReference zone#7',
  EndpointAddress: '# hostname#3 ip!#1 nodeName#4 targetRef#2:ObjectReference',
  EndpointConditions: 'ready#1:bool serving#2:bool terminating#3:bool',
  EndpointHints: 'forNodes#2:[ForNode] forZones#1:[ForZone]',
  EndpointPort: '# appProtocol#4 name#1 port!#2:int protocol#3',
  EndpointSlice:
    'addressType!#4 apiVersion endpoints#2:[Endpoint] kind metadata*#1:ObjectMeta ports#3:[discovery.EndpointPort]',
  EndpointSubset:
    'addresses#1:[EndpointAddress] notReadyAddresses#2:[EndpointAddress] ports#3:[EndpointPort]',
  Endpoints: 'apiVersion kind metadata*#1:ObjectMeta subsets#2:[EndpointSubset]',
  EnvFromSource: 'configMapRef#2:ConfigMapEnvSource prefix#1 secretRef#3:SecretEnvSource',
  EnvVar: 'name!#1 value#2 valueFrom#3:EnvVarSource',
  EnvVarSource:
    'configMapKeyRef#3:ConfigMapKeySelector fieldRef#1:ObjectFieldSelector fileKeyRef#5:FileKeySelector resourceFieldRef#2:ResourceFieldSelector secretKeyRef#4:SecretKeySelector',
  EphemeralContainer:
    'args#1.4:[] command#1.3:[] env#1.7:[EnvVar/name] envFrom#1.19:[EnvFromSource] image#1.2 imagePullPolicy#1.14 lifecycle#1.12:Lifecycle livenessProbe#1.10:Probe name!#1.1 ports#1.6:[ContainerPort/containerPort,protocol] readinessProbe#1.11:Probe resizePolicy#1.23:[ContainerResizePolicy] resources*#1.8:ResourceRequirements restartPolicy#1.24 restartPolicyRules#1.25:[ContainerRestartRule] securityContext#1.15:SecurityContext startupProbe#1.22:Probe stdin#1.16:bool stdinOnce#1.17:bool targetContainerName#2 terminationMessagePath#1.13 terminationMessagePolicy#1.20 tty#1.18:bool volumeDevices#1.21:[VolumeDevice/devicePath] volumeMounts#1.9:[VolumeMount/mountPath] workingDir#1.5',
  EphemeralVolumeSource: 'volumeClaimTemplate#1:PersistentVolumeClaimTemplate',
  Event:
    'action#12 apiVersion count#8:int eventTime#10:time firstTimestamp#6:time involvedObject!*#2:ObjectReference kind lastTimestamp#7:time message#4 metadata!*#1:ObjectMeta reason#3 related#13:ObjectReference reportingComponent#14 reportingInstance#15 series#11:EventSeries source*#5:EventSource type#9',
  EventSeries: 'count#1:int lastObservedTime#2:time',
  EventSource: 'component#1 host#2',
  Eviction: 'apiVersion deleteOptions#2:DeleteOptions kind metadata*#1:ObjectMeta',
  ExecAction: 'command#1:[]',
  ExternalDocumentation: 'description url',
  FCVolumeSource: 'fsType#3 lun#2:int readOnly#4:bool targetWWNs#1:[] wwids#5:[]',
  FieldSelectorAttributes: 'rawSelector#1 requirements#2:[FieldSelectorRequirement]',
  FieldSelectorRequirement: 'key!#1 operator!#2 values#3:[]',
  FileKeySelector: '# key!#3 optional#4:bool path!#2 volumeName!#1',
  FlexPersistentVolumeSource: 'driver!#1 fsType#2 options#5:{} readOnly#4:bool secretRef#3:SecretReference',
  FlexVolumeSource: 'driver!#1 fsType#2 options#5:{} readOnly#4:bool secretRef#3:LocalObjectReference',
  FlockerVolumeSource: 'datasetName#1 datasetUUID#2',
  ForNode: 'name!#1',
  ForZone: 'name!#1',
  GCEPersistentDiskVolumeSource: 'fsType#2 partition#3:int pdName!#1 readOnly#4:bool',
  GRPCAction: 'port!#1:int service#2',
  GitRepoVolumeSource: 'directory#3 repository!#1 revision#2',
  GlusterfsPersistentVolumeSource: 'endpoints!#1 endpointsNamespace#4 path!#2 readOnly#3:bool',
  GlusterfsVolumeSource: 'endpoints!#1 path!#2 readOnly#3:bool',
  HTTPGetAction: 'host#3 httpHeaders#5:[HTTPHeader] path#1 port!#2:ios scheme#4',
  HTTPHeader: 'name!#1 value!#2',
  HostAlias: 'hostnames#2:[] ip!#1',
  HostIP: 'ip!#1',
  HostPathVolumeSource: 'path!#1 type#2',
  IPBlock: 'cidr!#1 except#2:[]',
  ISCSIPersistentVolumeSource:
    'chapAuthDiscovery#8:bool chapAuthSession#11:bool fsType#5 initiatorName#12 iqn!#2 iscsiInterface#4 lun!#3:int portals#7:[] readOnly#6:bool secretRef#10:SecretReference targetPortal!#1',
  ISCSIVolumeSource:
    'chapAuthDiscovery#8:bool chapAuthSession#11:bool fsType#5 initiatorName#12 iqn!#2 iscsiInterface#4 lun!#3:int portals#7:[] readOnly#6:bool secretRef#10:LocalObjectReference targetPortal!#1',
  ImageVolumeSource: 'pullPolicy#2 reference#1',
  ImageVolumeStatus: 'imageRef!#1',
  JSONSchemaProps:
    '$ref $schema additionalItems:any additionalProperties:any allOf:[JSONSchemaProps] anyOf:[JSONSchemaProps] default:any definitions:{JSONSchemaProps} dependencies:{any} description enum:[any] example:any exclusiveMaximum:bool exclusiveMinimum:bool externalDocs:ExternalDocumentation format id items:any maxItems:int maxLength:int maxProperties:int maximum:number minItems:int minLength:int minProperties:int minimum:number multipleOf:number not:JSONSchemaProps nullable:bool oneOf:[JSONSchemaProps] pattern patternProperties:{JSONSchemaProps} properties:{JSONSchemaProps} required:[] title type uniqueItems:bool x-kubernetes-embedded-resource:bool x-kubernetes-int-or-string:bool x-kubernetes-list-map-keys:[] x-kubernetes-list-type x-kubernetes-map-type x-kubernetes-preserve-unknown-fields:bool x-kubernetes-validations:[ValidationRule/rule]',
  KeyToPath: 'key!#1 mode#3:int path!#2',
  LabelSelector: '# matchExpressions#2:[LabelSelectorRequirement] matchLabels#1:{}',
  LabelSelectorAttributes: 'rawSelector#1 requirements#2:[LabelSelectorRequirement]',
  LabelSelectorRequirement: 'key!#1 operator!#2 values#3:[]',
  Lease: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:LeaseSpec',
  LeaseSpec:
    'acquireTime#3:time holderIdentity#1 leaseDurationSeconds#2:int leaseTransitions#5:int preferredHolder#7 renewTime#4:time strategy#6',
  Lifecycle: 'postStart#1:LifecycleHandler preStop#2:LifecycleHandler stopSignal#3',
  LifecycleHandler:
    'exec#1:ExecAction httpGet#2:HTTPGetAction sleep#4:SleepAction tcpSocket#3:TCPSocketAction',
  LinuxContainerUser: 'gid!#2:int supplementalGroups#3:[int] uid!#1:int',
  LoadBalancerIngress: 'hostname#2 ip#1 ipMode#3 ports#4:[PortStatus]',
  LoadBalancerStatus: 'ingress#1:[LoadBalancerIngress]',
  LocalObjectReference: '# name#1',
  LocalSubjectAccessReview:
    'apiVersion kind metadata*#1:ObjectMeta spec!*#2:SubjectAccessReviewSpec status*#3:SubjectAccessReviewStatus',
  LocalVolumeSource: 'fsType#2 path!#1',
  ManagedFieldsEntry:
    'apiVersion#3 fieldsType#6 fieldsV1#7:any manager#1 operation#2 subresource#8 time#4:time',
  ModifyVolumeStatus: 'status!#2 targetVolumeAttributesClassName#1',
  NFSVolumeSource: 'path!#2 readOnly#3:bool server!#1',
  Namespace: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:NamespaceSpec status*#3:NamespaceStatus',
  NamespaceCondition: 'lastTransitionTime#4:time message#6 reason#5 status!#2 type!#1',
  NamespaceSpec: 'finalizers#1:[]',
  NamespaceStatus: 'conditions#2:[NamespaceCondition/type] phase#1',
  NetworkPolicy: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:NetworkPolicySpec',
  NetworkPolicyEgressRule: 'ports#1:[NetworkPolicyPort] to#2:[NetworkPolicyPeer]',
  NetworkPolicyIngressRule: 'from#2:[NetworkPolicyPeer] ports#1:[NetworkPolicyPort]',
  NetworkPolicyPeer: 'ipBlock#3:IPBlock namespaceSelector#2:LabelSelector podSelector#1:LabelSelector',
  NetworkPolicyPort: 'endPort#3:int port#2:ios protocol#1',
  NetworkPolicySpec:
    'egress#3:[NetworkPolicyEgressRule] ingress#2:[NetworkPolicyIngressRule] podSelector*#1:LabelSelector policyTypes#4:[]',
  Node: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:NodeSpec status*#3:NodeStatus',
  NodeAddress: 'address!#2 type!#1',
  NodeAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution#2:[PreferredSchedulingTerm] requiredDuringSchedulingIgnoredDuringExecution#1:NodeSelector',
  NodeAllocatableResourceClaimStatus: 'containers#2:[/set] resourceClaimName!#1 resources!#3:{qty}',
  NodeCondition: 'lastHeartbeatTime#3:time lastTransitionTime#4:time message#6 reason#5 status!#2 type!#1',
  NodeConfigSource: 'configMap#2:ConfigMapNodeConfigSource',
  NodeConfigStatus:
    'active#2:NodeConfigSource assigned#1:NodeConfigSource error#4 lastKnownGood#3:NodeConfigSource',
  NodeDaemonEndpoints: 'kubeletEndpoint*#1:DaemonEndpoint',
  NodeFeatures: 'supplementalGroupsPolicy#1:bool',
  NodeRuntimeHandler: 'features#2:NodeRuntimeHandlerFeatures name#1',
  NodeRuntimeHandlerFeatures: 'recursiveReadOnlyMounts#1:bool userNamespaces#2:bool',
  NodeSelector: '# nodeSelectorTerms!#1:[NodeSelectorTerm]',
  NodeSelectorRequirement: 'key!#1 operator!#2 values#3:[]',
  NodeSelectorTerm: '# matchExpressions#1:[NodeSelectorRequirement] matchFields#2:[NodeSelectorRequirement]',
  NodeSpec:
    'configSource#6:NodeConfigSource externalID#2 podCIDR#1 podCIDRs#7:[/set] providerID#3 taints#5:[Taint] unschedulable#4:bool',
  NodeStatus:
    'addresses#5:[NodeAddress/type] allocatable#2:{qty} capacity#1:{qty} conditions#4:[NodeCondition/type] config#11:NodeConfigStatus daemonEndpoints*#6:NodeDaemonEndpoints declaredFeatures#14:[] features#13:NodeFeatures images#8:[ContainerImage] nodeInfo*#7:NodeSystemInfo phase#3 runtimeHandlers#12:[NodeRuntimeHandler] volumesAttached#10:[AttachedVolume] volumesInUse#9:[]',
  NodeSwapStatus: 'capacity#1:int',
  NodeSystemInfo:
    'architecture!#10 bootID!#3 containerRuntimeVersion!#6 kernelVersion!#4 kubeProxyVersion!#8 kubeletVersion!#7 machineID!#1 operatingSystem!#9 osImage!#5 swap#11:NodeSwapStatus systemUUID!#2',
  NonResourceAttributes: 'path#1 verb#2',
  NonResourceRule: 'nonResourceURLs#2:[] verbs!#1:[]',
  ObjectFieldSelector: '# apiVersion#1 fieldPath!#2',
  ObjectMeta:
    'annotations#12:{} creationTimestamp#8:time deletionGracePeriodSeconds#10:int deletionTimestamp#9:time finalizers#14:[/set] generateName#2 generation#7:int labels#11:{} managedFields#17:[ManagedFieldsEntry] name#1 namespace#3 ownerReferences#13:[OwnerReference/uid] resourceVersion#6 selfLink#4 uid#5',
  ObjectReference: '# apiVersion#5 fieldPath#7 kind#1 name#3 namespace#2 resourceVersion#6 uid#4',
  OwnerReference: '# apiVersion!#5 blockOwnerDeletion#7:bool controller#6:bool kind!#1 name!#3 uid!#4',
  PersistentVolume:
    'apiVersion kind metadata*#1:ObjectMeta spec*#2:PersistentVolumeSpec status*#3:PersistentVolumeStatus',
  PersistentVolumeClaim:
    'apiVersion kind metadata*#1:ObjectMeta spec*#2:PersistentVolumeClaimSpec status*#3:PersistentVolumeClaimStatus',
  PersistentVolumeClaimCondition:
    'lastProbeTime#3:time lastTransitionTime#4:time message#6 reason#5 status!#2 type!#1',
  PersistentVolumeClaimSpec:
    'accessModes#1:[] dataSource#7:TypedLocalObjectReference dataSourceRef#8:TypedObjectReference resources*#2:VolumeResourceRequirements selector#4:LabelSelector storageClassName#5 volumeAttributesClassName#9 volumeMode#6 volumeName#3',
  PersistentVolumeClaimStatus:
    'accessModes#2:[] allocatedResourceStatuses#7:{} allocatedResources#5:{qty} capacity#3:{qty} conditions#4:[PersistentVolumeClaimCondition/type] currentVolumeAttributesClassName#8 modifyVolumeStatus#9:ModifyVolumeStatus phase#1',
  PersistentVolumeClaimTemplate: 'metadata*#1:ObjectMeta spec!*#2:PersistentVolumeClaimSpec',
  PersistentVolumeClaimVolumeSource: 'claimName!#1 readOnly#2:bool',
  PersistentVolumeSpec:
    'accessModes#3:[] awsElasticBlockStore#2.2:AWSElasticBlockStoreVolumeSource azureDisk#2.16:AzureDiskVolumeSource azureFile#2.13:AzureFilePersistentVolumeSource capacity#1:{qty} cephfs#2.9:CephFSPersistentVolumeSource cinder#2.8:CinderPersistentVolumeSource claimRef#4:ObjectReference csi#2.22:CSIPersistentVolumeSource fc#2.10:FCVolumeSource flexVolume#2.12:FlexPersistentVolumeSource flocker#2.11:FlockerVolumeSource gcePersistentDisk#2.1:GCEPersistentDiskVolumeSource glusterfs#2.4:GlusterfsPersistentVolumeSource hostPath#2.3:HostPathVolumeSource iscsi#2.7:ISCSIPersistentVolumeSource local#2.20:LocalVolumeSource mountOptions#7:[] nfs#2.5:NFSVolumeSource nodeAffinity#9:VolumeNodeAffinity persistentVolumeReclaimPolicy#5 photonPersistentDisk#2.17:PhotonPersistentDiskVolumeSource portworxVolume#2.18:PortworxVolumeSource quobyte#2.15:QuobyteVolumeSource rbd#2.6:RBDPersistentVolumeSource scaleIO#2.19:ScaleIOPersistentVolumeSource storageClassName#6 storageos#2.21:StorageOSPersistentVolumeSource volumeAttributesClassName#10 volumeMode#8 vsphereVolume#2.14:VsphereVirtualDiskVolumeSource',
  PersistentVolumeStatus: 'lastPhaseTransitionTime#4:time message#2 phase#1 reason#3',
  PhotonPersistentDiskVolumeSource: 'fsType#2 pdID!#1',
  Pod: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:PodSpec status*#3:PodStatus',
  PodAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution#2:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution#1:[PodAffinityTerm]',
  PodAffinityTerm:
    'labelSelector#1:LabelSelector matchLabelKeys#5:[] mismatchLabelKeys#6:[] namespaceSelector#4:LabelSelector namespaces#2:[] topologyKey!#3',
  PodAntiAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution#2:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution#1:[PodAffinityTerm]',
  PodCertificateProjection:
    'certificateChainPath#6 credentialBundlePath#4 keyPath#5 keyType!#2 maxExpirationSeconds#3:int signerName!#1 userAnnotations#7:{}',
  PodCondition:
    'lastProbeTime#3:time lastTransitionTime#4:time message#6 observedGeneration#7:int reason#5 status!#2 type!#1',
  PodDNSConfig: 'nameservers#1:[] options#3:[PodDNSConfigOption] searches#2:[]',
  PodDNSConfigOption: 'name#1 value#2',
  PodDisruptionBudget:
    'apiVersion kind metadata*#1:ObjectMeta spec*#2:PodDisruptionBudgetSpec status*#3:PodDisruptionBudgetStatus',
  PodDisruptionBudgetSpec:
    'maxUnavailable#3:ios minAvailable#1:ios selector#2:LabelSelector unhealthyPodEvictionPolicy#4',
  PodDisruptionBudgetStatus:
    'conditions#7:[Condition/type] currentHealthy#4:int desiredHealthy#5:int disruptedPods#2:{time} disruptionsAllowed#3:int expectedPods#6:int observedGeneration#1:int',
  PodExtendedResourceClaimStatus:
    'requestMappings!#1:[ContainerExtendedResourceRequest] resourceClaimName!#2',
  PodIP: 'ip!#1',
  PodOS: 'name!#1',
  PodReadinessGate: 'conditionType!#1',
  PodResourceClaim: 'name!#1 resourceClaimName#3 resourceClaimTemplateName#4',
  PodResourceClaimStatus: 'name!#1 resourceClaimName#2',
  PodSchedulingGate: 'name!#1',
  PodSchedulingGroup: 'podGroupName#1',
  PodSecurityContext:
    'appArmorProfile#11:AppArmorProfile fsGroup#5:int fsGroupChangePolicy#9 runAsGroup#6:int runAsNonRoot#3:bool runAsUser#2:int seLinuxChangePolicy#13 seLinuxOptions#1:SELinuxOptions seccompProfile#10:SeccompProfile supplementalGroups#4:[int] supplementalGroupsPolicy#12 sysctls#7:[Sysctl] windowsOptions#8:WindowsSecurityContextOptions',
  PodSpec:
    'activeDeadlineSeconds#5:int affinity#18:Affinity automountServiceAccountToken#21:bool containers!#2:[Container/name] dnsConfig#26:PodDNSConfig dnsPolicy#6 enableServiceLinks#30:bool ephemeralContainers#34:[EphemeralContainer/name] hostAliases#23:[HostAlias/ip] hostIPC#13:bool hostNetwork#11:bool hostPID#12:bool hostUsers#37:bool hostname#16 hostnameOverride#41 imagePullSecrets#15:[LocalObjectReference/name] initContainers#20:[Container/name] nodeName#10 nodeSelector#7:{}# os#36:PodOS overhead#32:{qty} preemptionPolicy#31 priority#25:int priorityClassName#24 readinessGates#28:[PodReadinessGate] resourceClaims#39:[PodResourceClaim/name^] resources#40:ResourceRequirements restartPolicy#3 runtimeClassName#29 schedulerName#19 schedulingGates#38:[PodSchedulingGate/name] schedulingGroup#43:PodSchedulingGroup securityContext#14:PodSecurityContext serviceAccount#9 serviceAccountName#8 setHostnameAsFQDN#35:bool shareProcessNamespace#27:bool subdomain#17 terminationGracePeriodSeconds#4:int tolerations#22:[Toleration] topologySpreadConstraints#33:[TopologySpreadConstraint/topologyKey,whenUnsatisfiable] volumes#1:[Volume/name^]',
  PodStatus:
    'allocatedResources#19:{qty} conditions#2:[PodCondition/type] containerStatuses#8:[ContainerStatus] ephemeralContainerStatuses#13:[ContainerStatus] extendedResourceClaimStatus#18:PodExtendedResourceClaimStatus hostIP#5 hostIPs#16:[HostIP~ip] initContainerStatuses#10:[ContainerStatus] message#3 nodeAllocatableResourceClaimStatuses#21:[NodeAllocatableResourceClaimStatus] nominatedNodeName#11 observedGeneration#17:int phase#1 podIP#6 podIPs#12:[PodIP/ip] qosClass#9 reason#4 resize#14 resourceClaimStatuses#15:[PodResourceClaimStatus/name^] resources#20:ResourceRequirements startTime#7:time',
  PodTemplateSpec: 'metadata*#1:ObjectMeta spec*#2:PodSpec',
  PolicyRule: 'apiGroups#2:[] nonResourceURLs#5:[] resourceNames#4:[] resources#3:[] verbs!#1:[]',
  PortStatus: 'error#3 port!#1:int protocol!#2',
  PortworxVolumeSource: 'fsType#2 readOnly#3:bool volumeID!#1',
  Preconditions: 'resourceVersion#2 uid#1',
  PreferredSchedulingTerm: 'preference!*#2:NodeSelectorTerm weight!#1:int',
  Probe:
    'exec#1.1:ExecAction failureThreshold#6:int grpc#1.4:GRPCAction httpGet#1.2:HTTPGetAction initialDelaySeconds#2:int periodSeconds#4:int successThreshold#5:int tcpSocket#1.3:TCPSocketAction terminationGracePeriodSeconds#7:int timeoutSeconds#3:int',
  ProjectedVolumeSource: 'defaultMode#2:int sources#1:[VolumeProjection]',
  QuobyteVolumeSource: 'group#5 readOnly#3:bool registry!#1 tenant#6 user#4 volume!#2',
  RBDPersistentVolumeSource:
    'fsType#3 image!#2 keyring#6 monitors!#1:[] pool#4 readOnly#8:bool secretRef#7:SecretReference user#5',
  RBDVolumeSource:
    'fsType#3 image!#2 keyring#6 monitors!#1:[] pool#4 readOnly#8:bool secretRef#7:LocalObjectReference user#5',
  ReplicaSet: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:ReplicaSetSpec status*#3:ReplicaSetStatus',
  ReplicaSetCondition: 'lastTransitionTime#3:time message#5 reason#4 status!#2 type!#1',
  ReplicaSetSpec:
    'minReadySeconds#4:int replicas#1:int selector!#2:LabelSelector template*#3:PodTemplateSpec',
  ReplicaSetStatus:
    'availableReplicas#5:int conditions#6:[ReplicaSetCondition/type] fullyLabeledReplicas#2:int observedGeneration#3:int readyReplicas#4:int replicas!#1:int terminatingReplicas#7:int',
  ResourceAttributes:
    'fieldSelector#8:FieldSelectorAttributes group#3 labelSelector#9:LabelSelectorAttributes name#7 namespace#1 resource#5 subresource#6 verb#2 version#4',
  ResourceClaim: 'name!#1 request#2',
  ResourceFieldSelector: '# containerName#1 divisor#3:qty resource!#2',
  ResourceHealth: 'health#2 message#6 resourceID!#1',
  ResourceRequirements: 'claims#3:[ResourceClaim/name] limits#1:{qty} requests#2:{qty}',
  ResourceRule: 'apiGroups#2:[] resourceNames#4:[] resources#3:[] verbs!#1:[]',
  ResourceStatus: 'name!#1 resources#2:[ResourceHealth/resourceID]',
  Role: 'apiVersion kind metadata*#1:ObjectMeta rules#2:[PolicyRule]',
  RoleBinding: 'apiVersion kind metadata*#1:ObjectMeta roleRef!*#3:RoleRef subjects#2:[Subject]',
  RoleRef: '# apiGroup#1 kind!#2 name!#3',
  RollingUpdateDeployment: 'maxSurge#2:ios maxUnavailable#1:ios',
  RollingUpdateStatefulSetStrategy: 'maxUnavailable#2:ios partition#1:int',
  SELinuxOptions: 'level#4 role#2 type#3 user#1',
  Scale: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:ScaleSpec status*#3:ScaleStatus',
  ScaleIOPersistentVolumeSource:
    'fsType#9 gateway!#1 protectionDomain#5 readOnly#10:bool secretRef!#3:SecretReference sslEnabled#4:bool storageMode#7 storagePool#6 system!#2 volumeName#8',
  ScaleIOVolumeSource:
    'fsType#9 gateway!#1 protectionDomain#5 readOnly#10:bool secretRef!#3:LocalObjectReference sslEnabled#4:bool storageMode#7 storagePool#6 system!#2 volumeName#8',
  ScaleSpec: 'replicas#1:int',
  ScaleStatus: 'replicas!#1:int selector#2',
  SeccompProfile: 'localhostProfile#2 type!#1',
  Secret: 'apiVersion data#2:{bytes} immutable#5:bool kind metadata*#1:ObjectMeta stringData#4:{} type#3',
  SecretEnvSource: 'name#1.1 optional#2:bool',
  SecretKeySelector: '# key!#2 name#1.1 optional#3:bool',
  SecretProjection: 'items#2:[KeyToPath] name#1.1 optional#4:bool',
  SecretReference: '# name#1 namespace#2',
  SecretVolumeSource: 'defaultMode#3:int items#2:[KeyToPath] optional#4:bool secretName#1',
  SecurityContext:
    'allowPrivilegeEscalation#7:bool appArmorProfile#12:AppArmorProfile capabilities#1:Capabilities privileged#2:bool procMount#9 readOnlyRootFilesystem#6:bool runAsGroup#8:int runAsNonRoot#5:bool runAsUser#4:int seLinuxOptions#3:SELinuxOptions seccompProfile#11:SeccompProfile windowsOptions#10:WindowsSecurityContextOptions',
  SelectableField: 'jsonPath!',
  SelfSubjectAccessReview:
    'apiVersion kind metadata*#1:ObjectMeta spec!*#2:SelfSubjectAccessReviewSpec status*#3:SubjectAccessReviewStatus',
  SelfSubjectAccessReviewSpec:
    'nonResourceAttributes#2:NonResourceAttributes resourceAttributes#1:ResourceAttributes',
  SelfSubjectReview: 'apiVersion kind metadata*#1:ObjectMeta status*#2:SelfSubjectReviewStatus',
  SelfSubjectReviewStatus: 'userInfo*#1:UserInfo',
  SelfSubjectRulesReview:
    'apiVersion kind metadata*#1:ObjectMeta spec!*#2:SelfSubjectRulesReviewSpec status*#3:SubjectRulesReviewStatus',
  SelfSubjectRulesReviewSpec: 'namespace#1',
  Service: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:ServiceSpec status*#3:ServiceStatus',
  ServiceAccount:
    'apiVersion automountServiceAccountToken#4:bool imagePullSecrets#3:[LocalObjectReference] kind metadata*#1:ObjectMeta secrets#2:[ObjectReference/name]',
  ServiceAccountTokenProjection: 'audience#1 expirationSeconds#2:int path!#3',
  ServicePort: 'appProtocol#6 name#1 nodePort#5:int port!#3:int protocol#2 targetPort#4:ios',
  ServiceReference: 'name! namespace! path port:int',
  ServiceSpec:
    'allocateLoadBalancerNodePorts#20:bool clusterIP#3 clusterIPs#18:[] externalIPs#5:[] externalName#10 externalTrafficPolicy#11 healthCheckNodePort#12:int internalTrafficPolicy#22 ipFamilies#19:[] ipFamilyPolicy#17 loadBalancerClass#21 loadBalancerIP#8 loadBalancerSourceRanges#9:[] ports#1:[ServicePort/port,protocol] publishNotReadyAddresses#13:bool selector#2:{}# sessionAffinity#7 sessionAffinityConfig#14:SessionAffinityConfig trafficDistribution#23 type#4',
  ServiceStatus: 'conditions#2:[Condition/type] loadBalancer*#1:LoadBalancerStatus',
  SessionAffinityConfig: 'clientIP#1:ClientIPConfig',
  SleepAction: 'seconds!#1:int',
  StatefulSet: 'apiVersion kind metadata*#1:ObjectMeta spec*#2:StatefulSetSpec status*#3:StatefulSetStatus',
  StatefulSetCondition: 'lastTransitionTime#3:time message#5 reason#4 status!#2 type!#1',
  StatefulSetOrdinals: 'start#1:int',
  StatefulSetPersistentVolumeClaimRetentionPolicy: 'whenDeleted#1 whenScaled#2',
  StatefulSetSpec:
    'minReadySeconds#9:int ordinals#11:StatefulSetOrdinals persistentVolumeClaimRetentionPolicy#10:StatefulSetPersistentVolumeClaimRetentionPolicy podManagementPolicy#6 replicas#1:int revisionHistoryLimit#8:int selector!#2:LabelSelector serviceName#5 template!*#3:PodTemplateSpec updateStrategy*#7:StatefulSetUpdateStrategy volumeClaimTemplates#4:[PersistentVolumeClaim]',
  StatefulSetStatus:
    'availableReplicas#11:int collisionCount#9:int conditions#10:[StatefulSetCondition/type] currentReplicas#4:int currentRevision#6 observedGeneration#1:int readyReplicas#3:int replicas!#2:int updateRevision#7 updatedReplicas#5:int',
  StatefulSetUpdateStrategy: 'rollingUpdate#2:RollingUpdateStatefulSetStrategy type#1',
  StorageClass:
    'allowVolumeExpansion#6:bool allowedTopologies#8:[TopologySelectorTerm] apiVersion kind metadata*#1:ObjectMeta mountOptions#5:[] parameters#3:{} provisioner!#2 reclaimPolicy#4 volumeBindingMode#7',
  StorageOSPersistentVolumeSource:
    'fsType#3 readOnly#4:bool secretRef#5:ObjectReference volumeName#1 volumeNamespace#2',
  StorageOSVolumeSource:
    'fsType#3 readOnly#4:bool secretRef#5:LocalObjectReference volumeName#1 volumeNamespace#2',
  Subject: '# apiGroup#2 kind!#1 name!#3 namespace#4',
  SubjectAccessReview:
    'apiVersion kind metadata*#1:ObjectMeta spec!*#2:SubjectAccessReviewSpec status*#3:SubjectAccessReviewStatus',
  SubjectAccessReviewSpec:
    'extra#5:{[]} groups#4:[] nonResourceAttributes#2:NonResourceAttributes resourceAttributes#1:ResourceAttributes uid#6 user#3',
  SubjectAccessReviewStatus: 'allowed!#1:bool denied#4:bool evaluationError#3 reason#2',
  SubjectRulesReviewStatus:
    'evaluationError#4 incomplete!#3:bool nonResourceRules!#2:[NonResourceRule] resourceRules!#1:[ResourceRule]',
  Sysctl: 'name!#1 value!#2',
  TCPSocketAction: 'host#2 port!#1:ios',
  Taint: 'effect!#3 key!#1 timeAdded#4:time value#2',
  TokenRequest:
    'apiVersion kind metadata*#1:ObjectMeta spec*#2:TokenRequestSpec status*#3:TokenRequestStatus',
  TokenRequestSpec: 'audiences#1:[] boundObjectRef#3:BoundObjectReference expirationSeconds#4:int',
  TokenRequestStatus: 'expirationTimestamp#2:time token#1',
  TokenReview: 'apiVersion kind metadata*#1:ObjectMeta spec!*#2:TokenReviewSpec status*#3:TokenReviewStatus',
  TokenReviewSpec: 'audiences#2:[] token!#1',
  TokenReviewStatus: 'audiences#4:[] authenticated#1:bool error#3 user*#2:UserInfo',
  Toleration: 'effect#4 key#1 operator#2 tolerationSeconds#5:int value#3',
  TopologySelectorLabelRequirement: 'key!#1 values!#2:[]',
  TopologySelectorTerm: '# matchLabelExpressions#1:[TopologySelectorLabelRequirement]',
  TopologySpreadConstraint:
    'labelSelector#4:LabelSelector matchLabelKeys#8:[] maxSkew!#1:int minDomains#5:int nodeAffinityPolicy#6 nodeTaintsPolicy#7 topologyKey!#2 whenUnsatisfiable!#3',
  TypedLocalObjectReference: '# apiGroup#1 kind!#2 name!#3',
  TypedObjectReference: 'apiGroup#1 kind!#2 name!#3 namespace#4',
  UserInfo: 'extra#4:{[]} groups#3:[] uid#2 username#1',
  ValidationRule: 'fieldPath message messageExpression optionalOldSelf:bool reason rule!',
  Volume:
    'awsElasticBlockStore#2.4:AWSElasticBlockStoreVolumeSource azureDisk#2.22:AzureDiskVolumeSource azureFile#2.18:AzureFileVolumeSource cephfs#2.14:CephFSVolumeSource cinder#2.13:CinderVolumeSource configMap#2.19:ConfigMapVolumeSource csi#2.28:CSIVolumeSource downwardAPI#2.16:DownwardAPIVolumeSource emptyDir#2.2:EmptyDirVolumeSource ephemeral#2.29:EphemeralVolumeSource fc#2.17:FCVolumeSource flexVolume#2.12:FlexVolumeSource flocker#2.15:FlockerVolumeSource gcePersistentDisk#2.3:GCEPersistentDiskVolumeSource gitRepo#2.5:GitRepoVolumeSource glusterfs#2.9:GlusterfsVolumeSource hostPath#2.1:HostPathVolumeSource image#2.30:ImageVolumeSource iscsi#2.8:ISCSIVolumeSource name!#1 nfs#2.7:NFSVolumeSource persistentVolumeClaim#2.10:PersistentVolumeClaimVolumeSource photonPersistentDisk#2.23:PhotonPersistentDiskVolumeSource portworxVolume#2.24:PortworxVolumeSource projected#2.26:ProjectedVolumeSource quobyte#2.21:QuobyteVolumeSource rbd#2.11:RBDVolumeSource scaleIO#2.25:ScaleIOVolumeSource secret#2.6:SecretVolumeSource storageos#2.27:StorageOSVolumeSource vsphereVolume#2.20:VsphereVirtualDiskVolumeSource',
  VolumeDevice: 'devicePath!#2 name!#1',
  VolumeMount:
    'mountPath!#3 mountPropagation#5 name!#1 readOnly#2:bool recursiveReadOnly#7 subPath#4 subPathExpr#6',
  VolumeMountStatus: 'mountPath!#2 name!#1 readOnly#3:bool recursiveReadOnly#4 volumeStatus#5:VolumeStatus',
  VolumeNodeAffinity: 'required#1:NodeSelector',
  VolumeProjection:
    'clusterTrustBundle#5:ClusterTrustBundleProjection configMap#3:ConfigMapProjection downwardAPI#2:DownwardAPIProjection podCertificate#6:PodCertificateProjection secret#1:SecretProjection serviceAccountToken#4:ServiceAccountTokenProjection',
  VolumeResourceRequirements: 'limits#1:{qty} requests#2:{qty}',
  VolumeStatus: 'image#1:ImageVolumeStatus',
  VsphereVirtualDiskVolumeSource: 'fsType#2 storagePolicyID#4 storagePolicyName#3 volumePath!#1',
  WebhookClientConfig: 'caBundle:bytes service:ServiceReference url',
  WebhookConversion: 'clientConfig:WebhookClientConfig conversionReviewVersions!:[]',
  WeightedPodAffinityTerm: 'podAffinityTerm!*#2:PodAffinityTerm weight!#1:int',
  WindowsSecurityContextOptions:
    'gmsaCredentialSpec#2 gmsaCredentialSpecName#1 hostProcess#4:bool runAsUserName#3',
  'discovery.EndpointPort': '# appProtocol#4 name#1 port#3:int protocol#2',
  'events.Event':
    'action#6 apiVersion deprecatedCount#15:int deprecatedFirstTimestamp#13:time deprecatedLastTimestamp#14:time deprecatedSource*#12:EventSource eventTime!#2:time kind metadata*#1:ObjectMeta note#10 reason#7 regarding*#8:ObjectReference related#9:ObjectReference reportingController#4 reportingInstance#5 series#3:events.EventSeries type#11',
  'events.EventSeries': 'count!#1:int lastObservedTime!#2:time',
};
