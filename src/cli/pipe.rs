//! Enlarges the pipes between the tools, and from `perf script`.

/// Sets the size of the pipe at standard input or output to a megabyte instead of 64 kilobytes, the
/// maximum for unprivileged users on Linux: writer and reader wait for each other less often.
/// Errors are ignored, for example if it is not a pipe.
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
