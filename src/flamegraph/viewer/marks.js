// @ts-check
// Properties of the frames in the file that the profile data does not contain.

// The frames with elements in the file: the node, the group, and its rectangle.
/** @param {Picture} picture @param {Profile} profile @param {Graph} graph */
function foundFrames(picture, profile, graph) {
  /** @type {Found} */
  const found = [];
  let node = 0;
  for (const group of picture.frames.children) {
    const rect = group.querySelector('rect');
    const at = rect ? nodeOf(graph, profile.counts.unit, picture, rect, node) : -1;
    if (at >= 0 && (found.length === 0 || at > node)) {
      node = at;
      found.push({ node, group, rect });
    }
  }
  found.isExact = graph.total[0] <= Number.MAX_SAFE_INTEGER;
  return found;
}

// Reads colors, links and other attributes, replaced titles, and exact titles for counts that are too large
// for the script's numbers.
/** @param {Found} found @param {Profile} profile @param {Colors} colors */
function readMarks(found, profile, colors) {
  const marks = { groups: new Map(), titles: new Map() };
  for (const { node, group, rect } of found) {
    const hasName = rect.hasAttribute('fg:name');
    if (group.attributes.length > 0 || hasName) {
      /** @type {any} */
      const mark = group.cloneNode(false);
      mark.title = hasName ? group.querySelector('title').textContent : undefined;
      marks.groups.set(profile.tree.name[node], mark);
    } else if (!found.isExact) {
      marks.titles.set(node, group.querySelector('title').textContent);
    }
  }
  colors.adopt(found.map(({ node, rect }) => [node, colorOf(rect.getAttribute('fill'))]));
  return marks;
}

// The node that an element draws, not before `from`, or -1.
/** @param {Graph} graph @param {number} unit @param {Picture} picture @param {Element} rect @param {number} from */
function nodeOf(graph, unit, picture, rect, from) {
  const [start, width] = [number(rect, 'fg:x') / unit, number(rect, 'fg:w') / unit];
  const row = picture.fileRow(number(rect, 'y'));
  for (let node = from; node < graph.size; node++) {
    const isThere = graph.row[node] === row && isClose(graph.start[node], start);
    if (isThere && isClose(graph.total[node], width)) {
      return node;
    }
    if (graph.start[node] > start + Math.max(start * 1e-9, 1e-9)) {
      return -1;
    }
  }
  return -1;
}
