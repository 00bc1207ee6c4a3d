/// <reference lib="dom" />
import MiniSearch from 'minisearch';
import { indexOptions } from './index-options.ts';

declare global {
  interface Window {
    /** Set by search-index.js, which is a script so that the site also works from a folder. */
    promfleetSearchIndex: string;
  }
}

const shown = 12;
const input = document.querySelector<HTMLInputElement>('#search')!;
const list = document.querySelector<HTMLElement>('#found')!;
const base = document.body.dataset.base ?? '';
let index: MiniSearch | undefined;

/** A few words around the first place where one of the terms stands. */
function excerpt(text: string, terms: readonly string[]): string {
  const places = terms.map((term) => text.toLowerCase().indexOf(term)).filter((place) => place >= 0);
  const start = Math.max(0, Math.min(...places, text.length) - 50);
  const cut = text.slice(places.length === 0 ? 0 : start, (places.length === 0 ? 0 : start) + 150);
  return start > 0 && places.length > 0 ? `… ${cut}` : cut;
}

function show(): void {
  index ??= MiniSearch.loadJSON(window.promfleetSearchIndex, indexOptions);
  const found = input.value.trim() === '' ? [] : index.search(input.value).slice(0, shown);
  list.replaceChildren(
    ...found.map((one) => {
      const link = document.createElement('a');
      link.href = base + String(one.id);
      const title = document.createElement('b');
      title.textContent = one.page === one.heading ? one.page : `${one.page}: ${one.heading}`;
      const text = document.createElement('span');
      text.textContent = excerpt(String(one.text), one.terms);
      link.append(title, text);
      return link;
    }),
  );
  list.hidden = input.value.trim() === '';
  if (!list.hidden && found.length === 0) list.textContent = 'Nothing found.';
}

input.addEventListener('input', show);
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== input) {
    event.preventDefault();
    input.focus();
  }
  if (event.key === 'Escape') {
    input.value = '';
    show();
  }
});
document.addEventListener('click', (event) => {
  if (!(event.target as Element).closest('.search')) list.hidden = true;
});
