// JavaScript under node --perf-basic-prof: closures, a class, regular expressions, JSON.
'use strict';

class Queue {
  constructor(order) {
    this.order = order;
    this.items = [];
  }

  push(item) {
    this.items.push(item);
    this.items.sort(this.order);
    if (this.items.length > 60) this.items.shift();
  }
}

function shout(text) {
  return text.replace(/[aeiou]+/g, (match) => match.toUpperCase());
}

function round(n) {
  const queue = new Queue((a, b) => a.key - b.key);
  for (let i = 0; i < 400; i++) queue.push({ key: (i * 7919 + n) % 1009, name: shout('some words ' + i) });
  return JSON.stringify(queue.items).length;
}

const rounds = Number(process.argv[2] || 200);
let sum = 0;
for (let n = 0; n < rounds; n++) sum += round(n);
console.log(sum);
