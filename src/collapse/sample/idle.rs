//! The macOS functions in which an idle thread waits.

/// Whether a thread in `function` of `module` is waiting for an event.
///
/// Only system functions are recognized by name, because a program may have its own `poll`.
pub(super) fn is_idle(function: &[u8], module: Option<&[u8]>) -> bool {
    let is_of_system = module.is_none_or(|module| {
        module.starts_with(b"libsystem_") || module.starts_with(b"libSystem.")
    });
    is_of_system && IDLE.iter().any(|name| name.as_bytes() == function)
}

/// Blocking system calls, as named by the kernel library: from macOS 10.6 to 26, in the plain
/// variant, for threads that cannot be canceled (`_nocancel`, `$NOCANCEL`), and in Darwin's own
/// variant (`$DARWIN_EXTSN`).
///
/// Calls that wait for a lock, such as `__psynch_mutexwait`, are not included: a profile should
/// show the time spent there.
const IDLE: [&str; 80] = [
    "__accept",
    "__accept_nocancel",
    "__aio_suspend",
    "__aio_suspend_nocancel",
    "__connect",
    "__connect_nocancel",
    "__msgrcv_nocancel",
    "__poll",
    "__poll_nocancel",
    "__pselect",
    "__pselect_nocancel",
    "__psynch_cvwait",
    "__read",
    "__read_nocancel",
    "__readv_nocancel",
    "__recvfrom",
    "__recvfrom_nocancel",
    "__recvmsg",
    "__recvmsg_nocancel",
    "__select",
    "__select_nocancel",
    "__sem_wait_nocancel",
    "__semwait_signal",
    "__semwait_signal_nocancel",
    "__sigsuspend",
    "__sigsuspend_nocancel",
    "__sigwait",
    "__sigwait_nocancel",
    "__ulock_wait",
    "__ulock_wait2",
    "__wait4",
    "__wait4_nocancel",
    "__waitid",
    "__waitid_nocancel",
    "__workq_kernreturn",
    "accept",
    "accept$NOCANCEL",
    "aio_suspend",
    "aio_suspend$NOCANCEL",
    "clock_sleep_trap",
    "connect",
    "connect$NOCANCEL",
    "kevent",
    "kevent64",
    "kevent_id",
    "kevent_qos",
    "mach_msg2_trap",
    "mach_msg_overwrite_trap",
    "mach_msg_trap",
    "mach_wait_until",
    "msgrcv",
    "msgrcv$NOCANCEL",
    "poll",
    "poll$NOCANCEL",
    "pselect",
    "pselect$DARWIN_EXTSN",
    "pselect$DARWIN_EXTSN$NOCANCEL",
    "read",
    "read$NOCANCEL",
    "readv",
    "readv$NOCANCEL",
    "recvfrom",
    "recvfrom$NOCANCEL",
    "recvmsg",
    "recvmsg$NOCANCEL",
    "recvmsg_x",
    "select",
    "select$DARWIN_EXTSN",
    "select$DARWIN_EXTSN$NOCANCEL",
    "select$NOCANCEL",
    "sem_wait",
    "sem_wait$NOCANCEL",
    "semaphore_timedwait_signal_trap",
    "semaphore_timedwait_trap",
    "semaphore_wait_signal_trap",
    "semaphore_wait_trap",
    "sigsuspend",
    "sigsuspend$NOCANCEL",
    "waitid",
    "waitid$NOCANCEL",
];
