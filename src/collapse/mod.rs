//! Turns the output of profilers into folded stacks.
//!
//! Each format has a module with its `Options` and its `Folder`, which implements [`Collapse`].
//! [`guess`] detects the format of the input. [`recursive`] merges recursive calls in folded
//! stacks.
//!
//! | what wrote the profile | modules |
//! |---|---|
//! | Linux perf | [`perf_data`] (`perf.data`), [`perf`] (`perf script`), [`perf_sched`] (time off the CPU) |
//! | DTrace, SystemTap, bpftrace, bcc | [`dtrace`], [`stap`], `bpftrace`, [`bcc`] |
//! | macOS | [`sample`], [`xctrace`] (Instruments), [`instruments`] (its Deep Copy) |
//! | Intel VTune, Visual Studio | [`vtune`], [`vtune_mc`], [`vsprof`] |
//! | FreeBSD, AIX | [`pmc`], [`aix`] |
//! | pprof, Go | `pprof`, [`go`] (`-raw`), [`goroutine`] |
//! | OpenTelemetry, Android | `otlp`, `simpleperf` |
//! | gperftools, jemalloc, heaptrack | [`gperftools`], [`jemalloc`], [`heaptrack`] |
//! | valgrind | [`callgrind`], `dhat`, [`massif`] |
//! | samply, Firefox | `firefox` |
//! | Chrome, node, Safari | `chrome`, `cpuprofile`, `heapprofile`, `node_prof`, `safari` |
//! | Java | `jfr`, `jstack`, [`ibmjava`], [`java_exceptions`], [`ljp`], [`wcp`] |
//! | Python | [`cprofile`], [`austin`], [`faulthandler`], `pyinstrument`, `pyspy_dump` |
//! | Ruby, PHP, R | `stackprof`, [`xdebug`], [`callgrind`], `xhprof`, [`rprof`] |
//! | Haskell, .NET | [`ghcprof`], `ghc`, [`nettrace`] |
//! | speedscope, and tools that write its format | `speedscope` |
//! | debuggers, tracers | [`gdb`], [`elfutils`], [`strace`], [`uftrace`] |
//!
//! Modules without a link here require a feature of the crate, all of which are enabled by default:
//! `json`, `protobuf` (pprof, otlp, simpleperf) or `jfr`. With the feature `perf-data`, addresses
//! in a profile are symbolized from the programs and libraries that it names: see
//! [`document::SymbolOptions`].
//!
//! ```
//! use inferno::collapse::{Collapse, perf::{Folder, Options}};
//!
//! let script = "\
//! prog 4321 [000] 100.000001:     250000 cpu-clock:
//! \t    55d0c0de1139 leaf+0x19 (/usr/bin/prog)
//! \t    55d0c0de1180 main+0x20 (/usr/bin/prog)
//!
//! ";
//! let mut folded = Vec::new();
//! Folder::from(Options::default()).collapse(script.as_bytes(), &mut folded)?;
//! assert_eq!(folded, b"prog;main;leaf 250000\n");
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod aix;
pub mod austin;
pub mod bcc;
mod cache;
pub mod callgrind;
pub mod cprofile;
pub mod document;
pub mod dtrace;
pub mod elfutils;
pub(crate) mod engine;
pub mod faulthandler;
#[doc(hidden)]
pub mod formats;
pub mod gdb;
pub mod ghcprof;
pub mod go;
pub mod goroutine;
pub mod gperftools;
pub mod guess;
pub mod heaptrack;
pub mod ibmjava;
pub mod instruments;
pub mod java_exceptions;
pub mod jemalloc;
#[cfg(feature = "jfr")]
pub mod jfr;
#[cfg_attr(not(feature = "json"), path = "no_json.rs")]
mod json;
pub mod ljp;
pub mod massif;
pub mod nettrace;
mod options;
pub mod perf;
pub mod perf_data;
pub mod perf_sched;
pub mod pmc;
#[cfg(feature = "protobuf")]
pub(crate) mod protobuf;
pub mod recursive;
pub mod rprof;
pub mod sample;
pub mod selection;
pub mod stap;
pub mod strace;
pub mod uftrace;
pub mod vsprof;
pub mod vtune;
pub mod vtune_mc;
pub mod wcp;
pub mod xctrace;
pub mod xdebug;

pub use crate::bytes::error::{ParseError, ParseErrorKind};
pub use crate::input::ReadAt;
pub use crate::names::java;
#[doc(hidden)]
pub use engine::DEFAULT_NTHREADS;
pub use engine::folder::Collapse;
#[cfg(feature = "json")]
pub use json::{
    bpftrace, chrome, cpuprofile, dhat, firefox, ghc, heapprofile, jstack, node_prof, pyinstrument,
    pyspy_dump, safari, speedscope, stackprof, xhprof,
};
#[cfg(feature = "protobuf")]
pub use protobuf::{otlp, pprof, simpleperf};
