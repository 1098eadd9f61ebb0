// @ts-check
// Starts the viewer, which is packed in a comment at the end of the script in the file: the last line has its
// length and its hash, too. It runs at once, as an element next to that script, so that it finds its graph, and may
// run wherever the script may.

/** @param {any} own */
function boot(own) {
  const [, length, packed] = /\n\/\/(\d+) \S+ (\S+)\s*$/.exec(own.textContent);
  const script = document.createElementNS('http://www.w3.org/2000/svg', 'script');
  script.nonce = own.nonce;
  script.textContent = new Reader(packed).string(Number(length));
  own.after(script);
  script.remove();
}

boot(document.currentScript);
