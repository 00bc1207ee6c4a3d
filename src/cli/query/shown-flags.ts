/** Options as `status/flags` shows them: by the name that is typed, without credentials. */
export function shownFlags(options: object): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(options)) {
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const values = Array.isArray(value) ? value : [value];
    shown[flag] = values.map((one) => withoutCredentials(String(one))).join(',');
  }
  return shown;
}

function withoutCredentials(text: string): string {
  if (!/^https?:/.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username === '' && url.password === '') return text;
  url.username = '';
  url.password = '';
  return url.href;
}
