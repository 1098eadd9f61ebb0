// @ts-check
// Outlines the frames of the function under the pointer.

class Outline {
  /** @param {Int32Array} functions */
  constructor(functions) {
    // By name: the number of its function.
    this.functions = functions;
    this.wanted = -1;
    /** @type {Element[]} */
    this.groups = [];
  }

  // Outlines the elements of the same function as `node`, or none for -1.
  /** @param {number} node @param {Int32Array} name @param {Map<number, Item>} items */
  show(node, name, items) {
    const { functions } = this;
    const wanted = node > 0 && name[node] > 0 ? functions[name[node]] : -1;
    if (wanted === this.wanted) {
      return;
    }
    this.wanted = wanted;
    this.groups.forEach((group) => group.classList.remove('same'));
    this.groups = [];
    for (const [other, { group, isHidden }] of items) {
      if (wanted >= 0 && !isHidden && functions[name[other]] === wanted) {
        group.classList.add('same');
        this.groups.push(group);
      }
    }
  }
}
