//! Pipes between the tools, and from `perf script`, that hold more than usual.

/// Lets the pipe at standard input or output hold a megabyte, which is what Linux lets anybody
/// have, in place of 64 kilobytes: writer and reader wait for each other less often. What is no
/// pipe, or may not be changed, stays as it is.
#[cfg(target_os = "linux")]
pub fn widen(end: impl std::os::fd::AsFd) {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};

    const SIZE: usize = 1 << 20;
    if fcntl_getpipe_size(&end).is_ok_and(|size| size < SIZE) {
        let _ = fcntl_setpipe_size(&end, SIZE);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn widen<T>(_: T) {}
