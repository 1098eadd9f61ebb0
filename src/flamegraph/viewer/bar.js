// The line of text that describes what is under the pointer.

// The details of a frame and the matched percentage. They are in the margin of the image; when that is out of
// sight, they float at the edge of the visible part.
class Bar {
  constructor(picture, font) {
    this.picture = picture;
    this.font = font;
    this.details = picture.root.querySelector('#details');
    this.matched = picture.root.querySelector('#matched');
    this.matched.setAttribute('aria-live', 'polite');
    this.line = Math.ceil(font.size * 1.5);
    this.text = '';
    this.rect = null;
    this.group = create(SVG, 'g', { id: 'bar' }, picture.root);
    this.back = create(SVG, 'rect', { width: '100%', height: this.line }, this.group);
    this.back.setAttribute('y', -font.size * 1.1);
    this.group.append(this.details, this.matched);
    for (const text of [this.details, this.matched]) {
      text.setAttribute('y', 0);
    }
  }

  // Shows a text about the frame drawn by `rect`, or nothing.
  show(text, rect) {
    if (text !== this.text || rect !== this.rect) {
      this.text = text;
      this.rect = rect;
      this.layout();
    }
  }

  showMatched(text) {
    if (text !== this.matched.textContent.trim()) {
      this.matched.textContent = text;
      this.layout();
    }
  }

  layout() {
    const { width } = this.picture;
    const matched = this.matched.textContent.trim();
    const taken = matched ? this.font.width(matched) + 2 * this.font.size : 0;
    // First, because it reads the layout and the others invalidate it.
    this.place();
    this.matched.setAttribute('x', width - options.padding);
    this.details.textContent =
      this.font.fit(this.text, width - 2 * options.padding - taken, keepBothEnds);
  }

  place() {
    const home = this.picture.height - this.picture.footer / 2;
    const [top, bottom] = this.picture.inSight();
    const lowest = bottom - this.line / 3;
    const highest = Math.min(Math.max(top, this.picture.top) + this.line, lowest);
    let y = Math.min(Math.max(home, highest), lowest);
    const isHome = y === home;
    if (!isHome && this.hides(y)) {
      y = home < highest ? lowest : highest;
    }
    const isEmpty = !this.text && !this.matched.textContent.trim();
    setShown(this.back, !isHome && !isEmpty);
    this.group.setAttribute('transform', `translate(0 ${y.toFixed(1)})`);
  }

  // Whether it would cover the described frame if placed at `y`.
  hides(y) {
    if (!this.rect) {
      return false;
    }
    const top = number(this.rect, 'y') + this.picture.offset;
    const height = number(this.rect, 'height');
    return top < y + this.line / 2 && top + height > y - this.line;
  }
}
