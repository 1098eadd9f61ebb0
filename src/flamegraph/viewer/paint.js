// @ts-check
// Paints what is on the screen on a canvas. An image of the SVG would be simpler, but a page whose policy forbids
// images cannot load one.

// Pixels of the canvas per pixel of the window, and the limit of browsers on its width and height.
const SHARPNESS = 2;
const MAX_PIXELS = 16_000;

// What is painted, in this order.
const PAINTED = '.background, #title, #subtitle, #legend rect, #legend text, #frames rect:not([fill-opacity]), \
  #frames path, #frames text, #axis path, #axis text';

/** @param {any} root */
function painted(root) {
  const { left, top, width, height } = root.getBoundingClientRect();
  const scale = Math.min(SHARPNESS, MAX_PIXELS / Math.max(width, height));
  const size = { width: Math.ceil(width * scale), height: Math.ceil(height * scale) };
  const canvas = create(XHTML, 'canvas', size, null);
  const context = canvas.getContext('2d');
  const origin = new DOMMatrix([scale, 0, 0, scale, -left * scale, -top * scale]);
  for (const element of root.querySelectorAll(PAINTED)) {
    // Hidden elements have no box.
    if (element.getBoundingClientRect().width > 0) {
      const { a, b, c, d, e, f } = element.getScreenCTM();
      context.setTransform(origin.multiply(new DOMMatrix([a, b, c, d, e, f])));
      paintElement(context, element, getComputedStyle(element), root);
    }
  }
  return canvas;
}

/** @param {CanvasRenderingContext2D} context @param {any} element @param {CSSStyleDeclaration} style @param {SVGSVGElement} root */
function paintElement(context, element, style, root) {
  context.fillStyle = style.fill.startsWith('url') ? gradient(context, element, root) : style.fill;
  context.strokeStyle = style.stroke;
  context.lineWidth = parseFloat(style.strokeWidth);
  if (element.localName === 'text') {
    const { x, y } = element.getStartPositionOfChar(0);
    context.font = fontOf(style);
    context.fillText(element.textContent, x, y);
  } else if (element.localName === 'path') {
    context.stroke(new Path2D(element.getAttribute('d')));
  } else {
    const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((side) => element[side].baseVal.value);
    context.fillRect(x, y, width, height);
    if (style.stroke !== 'none') {
      context.strokeRect(x, y, width, height);
    }
  }
}

// That of the background, from its top to its bottom.
/** @param {CanvasRenderingContext2D} context @param {any} element @param {any} root */
function gradient(context, element, root) {
  const made = context.createLinearGradient(0, 0, 0, element.height.baseVal.value);
  for (const stop of root.querySelectorAll('#background stop')) {
    made.addColorStop(stop.offset.baseVal, getComputedStyle(stop).stopColor);
  }
  return made;
}
