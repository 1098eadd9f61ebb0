// @ts-check
// Exports: text on the clipboard, and files.

/** @param {string} text */
function copyText(text) {
  const written = navigator.clipboard?.writeText(text) ?? Promise.reject();
  return written.catch(() => copyBySelection(text));
}

// For pages that are not served over https or from a file.
/** @param {string} text */
function copyBySelection(text) {
  const area = html('textarea', '', {});
  area.value = text;
  (document.body ?? document.querySelector('#tools > *')).append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** @param {BlobPart} content @param {string} type @param {string} name */
function download(content, type, name) {
  const link = create(XHTML, 'a', { download: name }, null);
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// The current image, without the parts that only work with the script.
/** @param {SVGSVGElement} root @param {number} width @param {number} height */
function pictureOf(root, width, height) {
  /** @type {any} */
  const copy = root.cloneNode(true);
  const unseen = 'script, foreignObject, #profile, #bar, #hits, #frames [display=none]';
  for (const part of copy.querySelectorAll(unseen)) {
    part.remove();
  }
  ['onload', 'tabindex', 'style'].forEach((name) => copy.removeAttribute(name));
  if (!copy.classList.contains('dark')) {
    // It follows the color scheme of the system.
    copy.classList.remove('live');
  }
  Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, xmlns: SVG }).forEach(([key, value]) =>
    copy.setAttribute(key, value));
  return new XMLSerializer().serializeToString(copy);
}

// The stacks at and below `top` as folded text, one line each, with their callers; during a search, only
// those with a match. Names have their annotations, so that a graph of it has the same colors.
/** @param {Graph} graph @param {Profile} profile @param {Search} search @param {number} top */
function foldedText(graph, profile, search, top) {
  const { tree } = graph;
  const lines = [];
  /** @param {number} node */
  const stack = (node) => {
    const path = [node, ...graph.ancestors(node)].filter((at) => tree.name[at] >= 0).reverse();
    return path;
  };
  for (let node = Math.max(top, 0); node < graph.end[top]; node++) {
    if (!(tree.own[node] > 0) && !(tree.ownBefore[node] > 0)) {
      continue;
    }
    const path = stack(node);
    if (path.length === 0 || (search.isActive && !path.some((at) => search.matches(graph, at)))) {
      continue;
    }
    const names = path.map((at) => annotatedName(profile, tree.name[at]).replace(/;/g, ':'));
    const counts = profile.isDifferential ? [tree.ownBefore[node], tree.own[node]] : [tree.own[node]];
    const texts = counts.map((ticks) => plainCount(profile.counts, ticks));
    lines.push(`${names.join(';')} ${texts.join(' ')}\n`);
  }
  return lines.join('');
}

// The samples without a factor and without commas.
/** @param {Counts} counts @param {number} ticks */
function plainCount(counts, ticks) {
  const plain = Object.assign(Object.create(Counts.prototype), counts, { factor: 1 });
  return plain.text(ticks).replace(/,/g, '');
}

// The table as comma-separated values (RFC 4180), in its order.
/** @param {Column[]} columns @param {Row[]} rows @param {Counts} counts */
function csvOf(columns, rows, counts) {
  /** @param {any} field */
  const quoted = (field) => (/[",\r\n]/.test(field) ? `"${field.replace(/"/g, '""')}"` : String(field));
  /** @type {Column} */
  const name = { key: 'name', heading: 'Function' };
  const shown = [name, ...columns.filter(({ isName }) => !isName)];
  const headings = shown.flatMap(({ heading, whole }) => (whole ? [heading, `${heading} %`] : [heading]));
  /** @param {Row} row */
  const fields = (row) => shown.flatMap(({ key, whole, isRelative }) => {
    const value = row[key];
    if (key === 'name' || isRelative) {
      return [isRelative ? percentOf(value) : value];
    }
    const count = (value < 0 ? '-' : '') + plainCount(counts, Math.abs(value));
    return whole ? [count, percentOf(value / row[whole])] : [count];
  });
  return [headings, ...rows.map(fields)].map((line) => line.map(quoted).join(',') + '\r\n').join('');
}

// A number that a program reads; empty if there is none.
/** @param {number} share */
const percentOf = (share) => (Number.isFinite(share) ? String(Math.round(share * 1e6) / 1e4) : '');
