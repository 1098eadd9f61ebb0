// @ts-check
// The parts of the profile, such as its threads: the frames above the root. All are shown side by side or merged, or
// one of them alone.

// What is shown in place of the number of a part's name.
const SIDE_BY_SIDE = -1;
const MERGED = 0;

// The tree that is shown. Stacks without a frame belong to no part.
/** @param {Tree} tree @param {number} shown */
function ofParts(tree, shown) {
  if (shown === SIDE_BY_SIDE) {
    return tree;
  }
  const builder = new Builder();
  const place = new Int32Array(tree.size).fill(-1);
  place[0] = 0;
  for (let node = 1; node < tree.size; node++) {
    if (tree.depth[node] > 1) {
      const above = place[tree.parent[node]];
      place[node] = above < 0 ? -1 : builder.child(above, tree.name[node]);
    } else if (shown === MERGED || tree.name[node] === shown) {
      place[node] = 0;
    }
    if (place[node] >= 0) {
      builder.add(place[node], tree.own[node], tree.ownBefore[node]);
    }
  }
  builder.place = composed(tree.place, place);
  return builder.finish();
}

// The numbers of the parts' names, the largest part first; none if the user has no choice.
/** @param {Profile} profile */
function partsOf({ tree, settings }) {
  if (!settings.parts) {
    return [];
  }
  const graph = new Graph(tree, 'larger');
  const parts = graph.children(0).filter((node) => tree.name[node] > 0);
  parts.sort((a, b) => graph.total[b] - graph.total[a]);
  return parts.map((node) => ({ name: tree.name[node], share: percentText(graph.total[node], graph.total[0]) }));
}

// The number of a part's name; all side by side if there is no such part.
/** @param {Profile} profile @param {string} name @returns {number} */
function partNamed({ parts, names }, name) {
  return parts.find((part) => names[part.name] === name)?.name ?? SIDE_BY_SIDE;
}

// The button that says which parts are shown, and its menu.
/** @param {Viewer} viewer */
function partText({ profile, view }) {
  const { names, settings: { parts } } = profile;
  /** @type {Record<number, string>} */
  const texts = { [SIDE_BY_SIDE]: `All ${parts}`, [MERGED]: `All ${parts}, merged` };
  return texts[view.part] ?? names[view.part];
}

/** @param {Viewer} viewer */
function partMenu(viewer) {
  const { parts, names, settings } = viewer.profile;
  /** @param {number} part @param {string} text */
  const item = (part, text, key = '') => ({
    id: `part${part}`,
    text,
    key,
    isChecked: viewer.view.part === part,
    action: () => viewer.show({ part }),
  });
  return [
    item(SIDE_BY_SIDE, `All ${settings.parts}`),
    item(MERGED, `All ${settings.parts}, merged`),
    null,
    ...parts.map(({ name, share }) => item(name, names[name], share)),
  ];
}
