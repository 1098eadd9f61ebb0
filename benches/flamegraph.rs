//! Throughput of drawing folded text as an SVG, and of reading folded text.

mod profiles;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use inferno::call_tree::Forest;
use inferno::flamegraph::{self, Collector, Options};
use inferno::{differential, folded};
use std::io;

/// With the default minimum width, and with all frames drawn.
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
    // The result of folding on two threads.
    let forest = Forest::from_iter([tree.clone(), tree]);
    group.bench_function("write two trees", |bench| {
        bench.iter(|| folded::write_forest(&forest, io::sink()))
    });
    group.finish();
}

/// From the output of a profiler to the image, without text in between; and comparing two profiles.
fn whole_ways(c: &mut Criterion) {
    let script = profiles::diverse();
    let mut group = c.benchmark_group("whole");
    group.throughput(Throughput::Bytes(script.len() as u64));
    group.bench_function("perf script to SVG", |bench| {
        bench.iter(|| {
            let mut options = Options::default();
            let mut profile = Collector::new(&options);
            profile.add(script.as_slice())?;
            flamegraph::from_call_tree(&mut options, &profile.finish()?, io::sink())
        })
    });
    let folded = profiles::folded(&script);
    group.throughput(Throughput::Bytes(2 * folded.len() as u64));
    group.bench_function("difference", |bench| {
        bench.iter(|| {
            let options = differential::Options::default();
            differential::from_readers(options, folded.as_slice(), folded.as_slice(), io::sink())
        })
    });
    group.finish();
}

criterion_group!(benches, draw, folded_text, whole_ways);
criterion_main!(benches);
