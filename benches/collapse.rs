//! Throughput of folding the output of profilers, by format and number of threads.

mod documents;
mod profiles;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use inferno::collapse::{Collapse, dtrace, formats, guess, perf, sample, vtune, xctrace};
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

/// Other formats with large profiles, on one thread.
fn other_formats(c: &mut Criterion) {
    let mut options = dtrace::Options::default();
    options.nthreads = 1;
    measure(c, "dtrace", &profiles::dtrace(), || {
        dtrace::Folder::from(options.clone())
    });
    measure(c, "sample", &profiles::sample(), sample::Folder::default);
    measure(c, "vtune", &profiles::vtune(), vtune::Folder::default);
    measure(c, "xctrace", &profiles::xctrace(), xctrace::Folder::default);
}

fn measure<F: Collapse>(c: &mut Criterion, format: &str, profile: &[u8], folder: impl Fn() -> F) {
    let mut group = c.benchmark_group("collapse");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(profile.len() as u64));
    group.bench_function(format, |bench| {
        bench.iter(|| folder().collapse(profile, io::sink()))
    });
    group.finish();
}

/// Formats that are read as documents, as far as enabled by the crate's features.
fn whole_documents(c: &mut Criterion) {
    const SIZE: usize = 8_000_000;
    let options = guess::Options::default();
    let mut group = c.benchmark_group("collapse/document");
    group.sample_size(10);
    for kind in documents::KINDS {
        let Some(format) = formats::all().find(|format| format.name == kind.format) else {
            continue;
        };
        let profile = (kind.make)(SIZE).bytes;
        group.throughput(Throughput::Bytes(profile.len() as u64));
        group.bench_function(kind.name, |bench| {
            bench.iter(|| format.read(profile.as_slice(), &options))
        });
    }
    group.finish();
}

criterion_group!(benches, perf_script, other_formats, whole_documents);
criterion_main!(benches);
