// Elements that are made when what can be seen at once is on the screen: first those of frames out of
// sight, which last, then those of narrow frames, so that they can be pointed at and programs find them.
// The latter are in an element of their own, the last one, which a zoom takes out at once.

class Later {
  constructor(svg, place) {
    this.svg = svg;
    this.place = place;
    this.group = null;
    this.stop();
  }

  // Takes those of narrow frames out, and makes no more of any.
  stop() {
    this.set([], []);
    if (this.group === null || this.group.firstChild) {
      const group = create(SVG, 'svg', { id: 'fine', overflow: 'visible' }, null);
      this.group?.replaceWith(group);
      this.group = group;
    }
  }

  set(distant, fine) {
    this.turn = null;
    this.distant = distant;
    this.fine = fine;
    this.isFine = new Set(fine);
    // The first `made` of `nodes` are done.
    this.nodes = [...distant, ...fine];
    this.made = 0;
  }

  start(distant, fine) {
    this.set(distant, fine);
    this.wait();
  }

  // Takes those of narrow frames out and makes them again.
  again() {
    const { distant, fine, made } = this;
    this.stop();
    this.start(distant.slice(made), fine);
  }

  // All are made in one go, unless the user does something: each go costs a layout and a paint of all.
  // An idle callback may be long in coming, and right after a frame was made it is not yet shown.
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

  // The rest at once.
  finish() {
    this.draw(this.nodes.length, () => false);
  }

  // Those out of sight at once.
  finishDistant() {
    this.draw(this.distant.length, () => false);
  }

  draw(end, isOver) {
    while (this.made < end && !isOver()) {
      const from = this.made;
      this.made = Math.min(from + 200, end);
      this.add(this.nodes.slice(from, this.made));
    }
  }

  // Makes elements now.
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

  isWaiting(node) {
    return this.nodes.indexOf(node, this.made) >= 0;
  }
}

// Not all browsers tell.
const isInputPending = () => navigator.scheduling?.isInputPending() ?? false;
