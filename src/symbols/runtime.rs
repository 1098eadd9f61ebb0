//! Runtimes with a JIT compiler, and how to make them write a map of their functions.

/// A runtime with a JIT compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runtime {
    Java,
    Node,
    Python,
    DotNet,
    Ruby,
    Erlang,
    Chromium,
}

impl Runtime {
    /// The runtime whose program or library this file is.
    pub fn of_file(path: &[u8]) -> Option<Runtime> {
        let name = path.rsplit(|byte| *byte == b'/').next()?;
        let runtime = match name {
            b"java" => Runtime::Java,
            b"node" | b"nodejs" => Runtime::Node,
            b"dotnet" => Runtime::DotNet,
            b"ruby" => Runtime::Ruby,
            b"chrome" | b"chromium" | b"electron" => Runtime::Chromium,
            _ if name.starts_with(b"libjvm.") => Runtime::Java,
            _ if name.starts_with(b"libnode.") => Runtime::Node,
            _ if name.starts_with(b"libcoreclr.") => Runtime::DotNet,
            _ if name.starts_with(b"libruby") => Runtime::Ruby,
            _ if name.starts_with(b"beam") => Runtime::Erlang,
            _ if is_python(name) => Runtime::Python,
            _ => return None,
        };
        Some(runtime)
    }

    /// How to make it write its map.
    pub fn advice(self) -> &'static str {
        match self {
            Runtime::Java => {
                "run java with -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit, or \
                 `jcmd PID Compiler.perfmap` or perf-map-agent while it runs"
            }
            Runtime::Node => "run node with --perf-basic-prof",
            Runtime::Python => "run python with -X perf (3.12 or later)",
            Runtime::DotNet => "set DOTNET_PerfMapEnabled=1 for .NET",
            Runtime::Ruby => "run ruby with --yjit-perf",
            Runtime::Erlang => "run erl with +JPperf true",
            Runtime::Chromium => "run it with --js-flags=--perf-basic-prof",
        }
    }
}

/// `python3.12`, `libpython3.so`; but not `python-config`.
fn is_python(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"lib").unwrap_or(name);
    let version = name.strip_prefix(b"python");
    version.is_some_and(|it| {
        it.first()
            .is_none_or(|byte| byte.is_ascii_digit() || *byte == b'.')
    })
}

/// The advice for code of an unknown runtime.
pub(crate) const ADVICE: &str = "its runtime can write one: java -XX:+DumpPerfMapAtExit, \
                                 node --perf-basic-prof, python -X perf, DOTNET_PerfMapEnabled=1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_known_by_their_programs_and_libraries() {
        for (path, runtime) in [
            ("/usr/lib/jvm/java-21/bin/java", Some(Runtime::Java)),
            (
                "/usr/lib/jvm/java-21/lib/server/libjvm.so",
                Some(Runtime::Java),
            ),
            ("/usr/bin/node", Some(Runtime::Node)),
            ("/usr/bin/nodejs", Some(Runtime::Node)),
            ("/usr/bin/dotnet", Some(Runtime::DotNet)),
            ("/usr/bin/ruby", Some(Runtime::Ruby)),
            ("/usr/lib/libruby-3.3.so.3.3", Some(Runtime::Ruby)),
            ("/opt/google/chrome/chrome", Some(Runtime::Chromium)),
            ("/usr/lib/chromium/chromium", Some(Runtime::Chromium)),
            ("/opt/editor/electron", Some(Runtime::Chromium)),
            ("/usr/lib/libnode.so.115", Some(Runtime::Node)),
            ("/usr/bin/python3.13", Some(Runtime::Python)),
            ("/usr/bin/python", Some(Runtime::Python)),
            ("/usr/lib/libpython3.12.so.1.0", Some(Runtime::Python)),
            (
                "/usr/share/dotnet/shared/libcoreclr.so",
                Some(Runtime::DotNet),
            ),
            (
                "/usr/lib/erlang/erts-14/bin/beam.smp",
                Some(Runtime::Erlang),
            ),
            ("/usr/bin/python-argcomplete", None),
            ("/usr/bin/javac", None),
            ("/java/prog", None),
            ("", None),
        ] {
            assert_eq!(Runtime::of_file(path.as_bytes()), runtime, "{path}");
        }
    }
}
