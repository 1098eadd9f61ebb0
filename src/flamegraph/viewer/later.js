// @ts-check
// Creates elements after the visible ones are on the screen: first those of frames out of sight, which are
// kept, then those of narrow frames, so that they can be hovered over and programs find them. The latter are
// in a separate last element, which a zoom removes at once.

class Later {
  /** @param {Element} svg @param {(node: number, added: ParentNode) => void} place */
  constructor(svg, place) {
    this.svg = svg;
    this.place = place;
    this.group = null;
    this.stop();
  }

  // Removes the elements of narrow frames, and stops creating any.
  stop() {
    this.set([], []);
    if (this.group === null || this.group.firstChild) {
      const group = create(SVG, 'svg', { id: 'fine', overflow: 'visible' }, null);
      this.group?.replaceWith(group);
      this.group = group;
    }
  }

  /** @param {number[]} distant @param {number[]} fine */
  set(distant, fine) {
    this.turn = null;
    this.distant = distant;
    this.fine = fine;
    this.isFine = new Set(fine);
    // The first `made` of `nodes` are done.
    this.nodes = [...distant, ...fine];
    /** @type {number} */
    this.made = 0;
  }

  /** @param {number[]} distant @param {number[]} fine */
  start(distant, fine) {
    this.set(distant, fine);
    this.wait();
  }

  // Recreates the elements of narrow frames.
  again() {
    const { distant, fine, made } = this;
    this.stop();
    this.start(distant.slice(made), fine);
  }

  // Creates all elements in one step, unless there is user input: each step costs a layout and a paint of
  // everything. An idle callback may be delayed, and a new frame is not visible immediately.
  wait() {
    if (this.made === this.nodes.length) {
      return;
    }
    const turn = (this.turn = {});
    const go = () => {
      if (turn === this.turn) {
        this.draw(this.nodes.length, isInputPending);
        this.wait();
      }
    };
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(go)));
  }

  // Creates the rest at once.
  finish() {
    this.draw(this.nodes.length, () => false);
  }

  // Creates those out of sight at once.
  finishDistant() {
    this.draw(this.distant.length, () => false);
  }

  /** @param {number} end @param {() => boolean} isOver */
  draw(end, isOver) {
    while (this.made < end && !isOver()) {
      const from = this.made;
      this.made = Math.min(from + 200, end);
      this.add(this.nodes.slice(from, this.made));
    }
  }

  // Creates elements now.
  /** @param {number[]} nodes */
  add(nodes) {
    const [lasting, fine] = [0, 1].map(() => document.createDocumentFragment());
    nodes.forEach((node) => this.place(node, this.isFine.has(node) ? fine : lasting));
    this.svg.insertBefore(lasting, this.group);
    this.group.append(fine);
  }

  // The narrow frames that have an element.
  fineMade() {
    return this.fine.slice(0, Math.max(this.made - this.distant.length, 0));
  }

  /** @param {number} node */
  isWaiting(node) {
    return this.nodes.indexOf(node, this.made) >= 0;
  }
}

// Not supported by all browsers.
const isInputPending = () => navigator.scheduling?.isInputPending() ?? false;
