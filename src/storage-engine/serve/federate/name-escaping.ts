/** Ways of writing names that older readers do not take (Prometheus common/model). */
export const escapingSchemes = ['allow-utf-8', 'underscores', 'dots', 'values'] as const;
export type EscapingScheme = (typeof escapingSchemes)[number];

export const isLegacyName = (name: string): boolean => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);

const isLegacyChar = (char: string, at: number) => /[a-zA-Z_:]/.test(char) || (at > 0 && /[0-9]/.test(char));

export function escapeName(name: string, scheme: EscapingScheme): string {
  const chars = [...name];
  switch (scheme) {
    case 'allow-utf-8':
      return name;
    case 'underscores':
      return chars.map((char, at) => (isLegacyChar(char, at) ? char : '_')).join('');
    case 'dots':
      return chars
        .map((char, at) => {
          if (char === '.') return '_dot_';
          return char !== '_' && isLegacyChar(char, at) ? char : '__';
        })
        .join('');
    case 'values': {
      if (isLegacyName(name)) return name;
      const escaped = chars.map((char, at) => {
        if (char === '_') return '__';
        return isLegacyChar(char, at) ? char : `_${char.codePointAt(0)!.toString(16)}_`;
      });
      return `U__${escaped.join('')}`;
    }
  }
}
