//! What depends on the operating system.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
#[path = "not_linux.rs"]
mod linux;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
#[path = "not_unix.rs"]
mod unix;

pub use linux::*;
pub use unix::*;
