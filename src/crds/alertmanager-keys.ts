/**
 * Field names of AlertRoute are Alertmanager's in camel case. `alertmanagerKey` leads back to the spelling of
 * alertmanager.yml: `apiURL` -> `api_url`, `topicARN` -> `topic_arn`.
 */
const irregular: Readonly<Record<string, string>> = {
  // Alertmanager gives the fields of Rocket.Chat's actions no yaml name, so they are Go's names in lower case.
  'rocketchat.actions.imageURL': 'imageurl',
  'rocketchat.actions.isWebView': 'iswebview',
  'rocketchat.actions.webviewHeightRatio': 'webviewheightratio',
  'rocketchat.actions.msgInChatWindow': 'msginchatwindow',
  'rocketchat.actions.msgProcessingType': 'msgprocessingtype',
  'sns.useAWSHTTPClient': 'use_aws_http_client',
  'sns.sigv4.useFipsSTSEndpoint': 'use_fips_sts_endpoint',
};

/**
 * Spelling of one field in alertmanager.yml. `parents` are the field names that lead to it from the receiver
 * down, list indexes left out, for example `['rocketchat', 'actions']`. Not for keys of free maps (headers,
 * details, fields, customFields, endpointParams, httpHeaders), which stay as they are.
 */
export function alertmanagerKey(parents: readonly string[], name: string): string {
  return irregular[[...parents, name].join('.')] ?? snakeCase(name);
}

function snakeCase(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}
