//! The functions of macOS in which a thread waits.

/// Whether a thread that is in `function` of `module` waits for something to happen.
///
/// Only functions of the system are known by their names: a program may well have a `poll` of its
/// own.
pub(super) fn is_idle(function: &[u8], module: Option<&[u8]>) -> bool {
    let is_of_system = module.is_none_or(|module| {
        module.starts_with(b"libsystem_") || module.starts_with(b"libSystem.")
    });
    is_of_system && IDLE.iter().any(|name| name.as_bytes() == function)
}

/// System calls that wait, as the kernel's library calls them: from macOS 10.6 to 26, plain, for
/// threads that cannot be canceled (`_nocancel`, `$NOCANCEL`), and in the variant of Darwin's own
/// (`$DARWIN_EXTSN`).
///
/// Those that wait for a lock, as `__psynch_mutexwait`, are not among them: that a program spends
/// its time there is what a profile should show.
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
