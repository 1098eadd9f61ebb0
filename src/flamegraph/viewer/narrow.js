// Frames that are too narrow to be told from their neighbours.

// Draws them as one path, and what matches a search as another one.
class Narrow {
  constructor(svg) {
    svg.querySelector('#narrow')?.remove();
    this.paths = ['narrow', 'narrow-matches'].map((id) => create(SVG, 'path', { id }, null));
  }

  // Joins what is in a row into runs, so that there are no more parts than pixels. `nodes` come
  // from left to right in each row.
  draw(graph, zoomed, nodes, isMatch, picture) {
    const scale = USUAL_WIDTH / graph.total[zoomed];
    const first = graph.start[zoomed];
    const [low, high] = picture.rows;
    const runs = [0, 1].map(() => new Runs(low, high));
    for (const node of nodes) {
      const row = graph.row[node];
      if (row >= low && row <= high) {
        const from = (graph.start[node] - first) * scale;
        runs[isMatch?.(node) ? 1 : 0].add(row, from, from + graph.total[node] * scale);
      }
    }
    this.paths.forEach((path, kind) => path.setAttribute('d', runs[kind].finish(picture)));
    this.resize(picture);
  }

  paint(color) {
    this.paths[0].setAttribute('fill', color);
    this.paths[1].setAttribute('fill', options.searchColor);
  }

  // Paths have no percentages.
  resize(picture) {
    const scale = `scale(${picture.framesWidth() / USUAL_WIDTH} 1)`;
    this.paths.forEach((path) => path.setAttribute('transform', scale));
  }
}

// Stretches of each row, in pixels of a graph of the usual width.
class Runs {
  constructor(low, high) {
    this.low = low;
    this.from = new Float64Array(high - low + 1).fill(-1);
    this.to = new Float64Array(high - low + 1).fill(-2);
    this.ended = [];
  }

  add(row, from, to) {
    const at = row - this.low;
    if (from - this.to[at] < 1 && this.from[at] >= 0) {
      this.to[at] = to;
      return;
    }
    this.end(at);
    this.from[at] = from;
    this.to[at] = to;
  }

  end(at) {
    if (this.from[at] >= 0) {
      this.ended.push(at, this.from[at], Math.max(this.to[at] - this.from[at], 0.3));
    }
  }

  // All stretches as the data of a path.
  finish(picture) {
    this.from.forEach((_, at) => this.end(at));
    const height = picture.rowHeight - 1;
    const parts = [];
    for (let at = 0; at < this.ended.length; at += 3) {
      const [row, from, width] = this.ended.slice(at, at + 3);
      const wide = hundredths(width);
      parts.push(`M${hundredths(from)} ${picture.rowY(row + this.low)}h${wide}v${height}h-${wide}z`);
    }
    return parts.join('');
  }
}

const hundredths = (value) => Math.round(value * 100) / 100;

// Makes elements of narrow frames when all else is on the screen, so that they can be pointed at and
// programs find them. They are in an element of their own, the last one, which a zoom takes out at once. All are
// made in one go, unless the user does something: each go costs a layout and a paint of all.
class Fine {
  constructor(svg, place) {
    this.svg = svg;
    this.place = place;
    this.group = null;
    this.stop();
  }

  // Takes all of them out, and makes no more.
  stop() {
    this.turn = null;
    this.nodes = [];
    this.done = 0;
    if (this.group === null || this.group.firstChild) {
      const group = create(SVG, 'svg', { id: 'fine', overflow: 'visible' }, null);
      this.group?.replaceWith(group);
      this.group = group;
    }
  }

  start(nodes) {
    this.nodes = nodes;
    this.done = 0;
    this.later();
  }

  // After the next paint. An idle callback may be long in coming.
  later() {
    if (this.done < this.nodes.length) {
      const turn = (this.turn = {});
      const go = () => {
        if (turn === this.turn) {
          this.draw(isInputPending);
          this.later();
        }
      };
      requestAnimationFrame(() => setTimeout(go));
    }
  }

  // The rest at once.
  finish() {
    this.turn = null;
    this.draw(() => false);
  }

  draw(isOver) {
    const added = document.createDocumentFragment();
    while (this.done < this.nodes.length && !isOver()) {
      const stop = Math.min(this.done + 50, this.nodes.length);
      while (this.done < stop) {
        this.place(this.nodes[this.done++], added);
      }
    }
    this.group.append(added);
  }

  isWaiting(node) {
    return this.done < this.nodes.length && this.nodes.includes(node);
  }
}

// Not all browsers tell.
const isInputPending = () => navigator.scheduling?.isInputPending() ?? false;
