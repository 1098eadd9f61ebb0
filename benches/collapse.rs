//! Bytes a second from the output of a profiler to folded text, by format and number of threads.

mod profiles;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use inferno::collapse::{Collapse, perf};
use std::io;

fn perf_script(c: &mut Criterion) {
    let all = perf::Options::default().nthreads;
    let inputs = [
        ("diverse", profiles::diverse()),
        ("repetitive", profiles::repetitive()),
    ];
    let mut group = c.benchmark_group("collapse/perf");
    group.sample_size(20);
    for (name, script) in &inputs {
        group.throughput(Throughput::Bytes(script.len() as u64));
        for nthreads in [1, all] {
            let mut options = perf::Options::default();
            options.nthreads = nthreads;
            group.bench_function(format!("{name}/{nthreads} threads"), |bench| {
                bench.iter(|| {
                    perf::Folder::from(options.clone()).collapse(script.as_slice(), io::sink())
                })
            });
        }
    }
    group.finish();
}

criterion_group!(benches, perf_script);
criterion_main!(benches);
