import { type FieldFault, fault } from '../api-error.ts';
import { isObject, type JsonObject, listAt, stringAt, valueAt } from '../object.ts';
import { labelNameFault } from './names.ts';

/** Checks of a pod's spec that the type table cannot say. */
export function podFaults(spec: JsonObject, path: string): FieldFault[] {
  const faults: FieldFault[] = [];
  const volumes = new Set<string>();
  for (const [index, volume] of listAt(spec, 'volumes').entries()) {
    const name = stringAt(volume, 'name') ?? '';
    const at = `${path}.volumes[${index}].name`;
    if (name === '') faults.push(fault.required(at));
    else if (volumes.has(name)) faults.push(fault.duplicate(at, name));
    else nameFault(name, at, faults);
    volumes.add(name);
  }
  const containers = listAt(spec, 'containers');
  if (containers.length === 0) faults.push(fault.required(`${path}.containers`));
  const names = new Set<string>();
  for (const [field, list] of [
    ['containers', containers],
    ['initContainers', listAt(spec, 'initContainers')],
  ] as const)
    for (const [index, container] of list.entries())
      if (isObject(container))
        containerFaults(container, `${path}.${field}[${index}]`, names, volumes, faults);
  const policies = ['Always', 'OnFailure', 'Never'];
  if (typeof spec.restartPolicy === 'string' && !policies.includes(spec.restartPolicy))
    faults.push(fault.unsupported(`${path}.restartPolicy`, spec.restartPolicy, policies));
  return faults;
}

function nameFault(name: string, path: string, faults: FieldFault[]): void {
  const text = labelNameFault(name);
  if (text !== undefined) faults.push(fault.invalid(path, name, text));
}

function containerFaults(
  container: JsonObject,
  path: string,
  names: Set<string>,
  volumes: ReadonlySet<string>,
  faults: FieldFault[],
): void {
  const name = stringAt(container, 'name') ?? '';
  if (name === '') faults.push(fault.required(`${path}.name`));
  else if (names.has(name)) faults.push(fault.duplicate(`${path}.name`, name));
  else nameFault(name, `${path}.name`, faults);
  names.add(name);
  if (!stringAt(container, 'image')) faults.push(fault.required(`${path}.image`));
  const mounts = new Set<string>();
  for (const [index, mount] of listAt(container, 'volumeMounts').entries()) {
    const at = `${path}.volumeMounts[${index}]`;
    const volume = stringAt(mount, 'name') ?? '';
    const mountPath = stringAt(mount, 'mountPath') ?? '';
    if (volume === '') faults.push(fault.required(`${at}.name`));
    else if (!volumes.has(volume))
      faults.push({
        reason: 'FieldValueNotFound',
        field: `${at}.name`,
        message: `Not found: ${JSON.stringify(volume)}`,
      });
    if (mountPath === '') faults.push(fault.required(`${at}.mountPath`));
    else if (mounts.has(mountPath))
      faults.push(fault.invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    mounts.add(mountPath);
  }
  for (const [index, port] of listAt(container, 'ports').entries()) {
    const number = valueAt(port, 'containerPort');
    if (typeof number === 'number' && (number < 1 || number > 65535))
      faults.push(
        fault.invalid(
          `${path}.ports[${index}].containerPort`,
          number,
          'must be between 1 and 65535, inclusive',
        ),
      );
  }
}
