//! Bytes a second from folded text to the SVG, and of folded text alone.

mod profiles;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use inferno::flamegraph::{self, Options};
use inferno::folded;
use std::io;

/// With the default narrowest width of a frame, and with every frame drawn.
fn draw(c: &mut Criterion) {
    let text = profiles::folded(&profiles::diverse());
    let mut group = c.benchmark_group("flamegraph");
    group.throughput(Throughput::Bytes(text.len() as u64));
    for min_width in [flamegraph::defaults::MIN_WIDTH, 0.0] {
        group.bench_function(format!("min width {min_width}"), |bench| {
            bench.iter(|| {
                let mut options = Options::default();
                options.min_width = min_width;
                flamegraph::from_reader(&mut options, text.as_slice(), io::sink())
            })
        });
    }
    group.finish();
}

fn folded_text(c: &mut Criterion) {
    let text = profiles::folded(&profiles::diverse());
    let tree = folded::read(text.as_slice())
        .expect("a slice can be read")
        .tree;
    let mut group = c.benchmark_group("folded");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("read", |bench| bench.iter(|| folded::read(text.as_slice())));
    group.bench_function("write", |bench| {
        bench.iter(|| folded::write(&tree, io::sink()))
    });
    group.finish();
}

criterion_group!(benches, draw, folded_text);
criterion_main!(benches);
